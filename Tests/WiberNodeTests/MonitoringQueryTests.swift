import Testing
import WiberBase

@testable import WiberNode

@Suite("What the monitoring pages are asked for")
struct MonitoringQueryTests {
    private func query(_ name: String, _ value: String) throws -> MonitoringQuery {
        try MonitoringQuery([(name: name, value: value)])
    }

    @Test func `a page has the rows that were asked for, within limits`() throws {
        #expect(try query("limit", "0").limit == 1_024)
        #expect(try query("limit", "1000000000").limit == MonitoringQuery.rowsMax)
        let page = try MonitoringQuery([(name: "offset", value: "3"), (name: "limit", value: "2")])
        #expect(Array(page.page(Array(0..<10))) == [3, 4])
        #expect(try query("offset", "\(Int.max)").page([1, 2, 3]).isEmpty)
    }

    @Test(arguments: [
        ("limit", "x"), ("limit", "-1"), ("limit", "99999999999999999999"), ("offset", "1.5"),
        ("cid", "me"), ("subs", "2"), ("state", "ajar"), ("sort", "size"), ("sort", "stop"),
    ])
    func `what cannot be is refused, and said without what would need escapes`(
        name: String,
        value: String
    ) throws {
        #expect(throws: MonitoringQuery.Problem.self) { try query(name, value) }
        do {
            _ = try query(name, value + "\"\\\n\u{7F}é")
            Issue.record("no error")
        } catch {
            #expect("\(error)".utf8.allSatisfy { $0 >= 32 && $0 < 127 && $0 != 34 })
        }
    }

    @Test func `everything that nats-server knows is known, and the rest passed over`() throws {
        #expect(try query("subs", "detail").subscriptions == .details)
        #expect(try query("subs", "true").subscriptions == .subjects)
        #expect(try query("state", "ANY").state == .all)
        #expect(try query("sort", "bytes_to").order == .bytesTo)
        let byStop = [(name: "state", value: "closed"), (name: "sort", value: "stop")]
        #expect(try MonitoringQuery(byStop).order == .stop)
        #expect(try query("acc", "$G").limit == 1_024)
    }

    @Test(
        arguments: [
            (0, "0s", "0s"), (999, "0s", "999ns"), (419_000, "0s", "419µs"),
            (1_500_000, "0s", "1.5ms"), (2_003_000_000, "2s", "2.003s"),
            (3_723_000_000_001, "1h2m3s", "3723.000000001s"),
            (351_000_000_000_000, "4d1h30m0s", "351000s"), (UInt64.max, "213503d23h34m33s", nil),
        ] as [(UInt64, String, String?)]
    )
    func `lengths of time are written as nats-server writes them`(
        nanoseconds: UInt64,
        uptime: String,
        exact: String?
    ) {
        let span = Instant.Span(nanoseconds: nanoseconds)
        #expect(ElapsedText.uptime(span) == uptime)
        if let exact { #expect(ElapsedText.exact(span) == exact) }
    }
}
