import Foundation
import Testing

@testable import WiberServer

@Suite("Publishing many messages")
struct BulkPublisherTests {
    /// Publishes what a pipe has.
    private func publish(
        _ input: String,
        to server: FakeServer,
        window: Int = 4
    ) throws -> (stored: Int, lastSequence: UInt64) {
        let pipe = Pipe()
        Thread.detachNewThread {
            try? pipe.fileHandleForWriting.write(contentsOf: Data(input.utf8))
            try? pipe.fileHandleForWriting.close()
        }
        let client = try LineClient(servers: server.address)
        var publisher = BulkPublisher(
            client,
            topic: "t",
            window: window,
            input: pipe.fileHandleForReading.fileDescriptor
        )
        return try publisher.run()
    }

    @Test(arguments: [1, 2, 7, 100_000])
    func `each line becomes a message, whatever the window`(window: Int) throws {
        let server = try FakeServer { _, place in .lines(["OK \(place)"]) }
        let lines = (1...20_000).map { "line \($0)" }
        let result = try publish(lines.joined(separator: "\n"), to: server, window: window)
        #expect(result.stored == 20_000)
        #expect(result.lastSequence == 20_000)
        #expect(server.lines == lines.map { "PUB t \($0)" })
    }

    @Test func `empty lines are left out, and carriage returns too`() throws {
        let server = try FakeServer { _, place in .lines(["OK \(place)"]) }
        let result = try publish("a\r\n\r\n\n  b\nc", to: server)
        #expect(result.stored == 3)
        #expect(server.lines == ["PUB t a", "PUB t   b", "PUB t c"])
    }

    @Test func `nothing is nothing`() throws {
        let server = try FakeServer { _, place in .lines(["OK \(place)"]) }
        #expect(try publish("", to: server).stored == 0)
        #expect(server.lines.isEmpty)
    }

    @Test func `a line is sent before the next one is there`() throws {
        let pipe = Pipe()
        // The second line is written by the server's answer to the first.
        let server = try FakeServer { _, place in
            let more = place == 1 ? "second\n" : ""
            try? pipe.fileHandleForWriting.write(contentsOf: Data(more.utf8))
            if place == 2 { try? pipe.fileHandleForWriting.close() }
            return .lines(["OK \(place)"])
        }
        try pipe.fileHandleForWriting.write(contentsOf: Data("first\n".utf8))
        let client = try LineClient(servers: server.address)
        var publisher = BulkPublisher(
            client,
            topic: "t",
            window: 1_000,
            input: pipe.fileHandleForReading.fileDescriptor
        )
        #expect(try publisher.run().stored == 2)
    }

    @Test func `a refusal stops, and says what is stored and which line it was`() throws {
        let server = try FakeServer { _, place in
            .lines([place == 3 ? "ERR NO_LEADER wait" : "OK \(place)"])
        }
        let lines = (1...1_000).map(String.init).joined(separator: "\n")
        let error = #expect(throws: ClientError.self) { try publish(lines, to: server, window: 5) }
        guard case .partly(let stored, 1, 0, let cause) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(cause == "message 3 of the input: ERR NO_LEADER wait")
        #expect(stored >= 2 && stored < 20)
        #expect(server.lines.count == stored + 1)
    }

    @Test func `a server that goes away leaves messages unknown`() throws {
        let server = try FakeServer { _, place in
            place < 3 ? .lines(["OK \(place)"]) : .close([])
        }
        let error = #expect(throws: ClientError.self) {
            try publish("1\n2\n3\n4\n", to: server, window: 1)
        }
        guard case .partly(2, 0, 1, let cause) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(cause.contains("closed"))
        #expect(error?.description.contains("wiber history") == true)
    }

    @Test func `a line over the limit is not sent`() throws {
        let server = try FakeServer { _, place in .lines(["OK \(place)"]) }
        let long = String(repeating: "x", count: BulkPublisher.lineLengthMax + 100_000)
        let error = #expect(throws: ClientError.self) { try publish("a\n" + long, to: server) }
        #expect(error?.description.contains("longer than 1 MiB") == true)
        #expect(error?.description.contains("; 1 messages are stored") == true)
        #expect(server.lines == ["PUB t a"])
    }

    @Test func `a benchmark run counts every acknowledgement and its time`() throws {
        let server = try FakeServer { _, place in .lines(["OK \(place)"]) }
        let client = try LineClient(servers: server.address)
        let request = Array("PUB t x\r\n".utf8)
        var run = BenchmarkRun(client, request: request, messages: 5_000, window: 100)
        #expect(try run.run { _ in } > 0)
        #expect(run.pipeline.stored == 5_000)
        #expect(run.pipeline.latencies.count == 5_000)
        #expect(run.pipeline.lastSequence == 5_000)
    }
}
