import Glibc
import Testing
import WiberNIO

@Suite("A shard on real sockets and a real disk", .serialized, .timeLimit(.minutes(1)))
struct ShardHostTests {
    @Test func `a client gets the replies to what it sent before it closed its side`() async throws
    {
        let test = try await TestHost()
        let client = try test.client()
        try client.send("PUB notes a\r\nPUB notes b\r\nHISTORY notes 1 1\r\nPING\r\n")
        client.endInput()
        let lines = try client.linesToEnd()
        #expect(lines.count == 4 && lines.prefix(2) == ["OK 1", "OK 2"] && lines.last == "PONG")
        await test.host.close()
    }

    @Test func `a long reply is complete though the client closed its side before`() async throws {
        let test = try await TestHost()
        let client = try test.client()
        let text = String(repeating: "x", count: 1_000_000)
        for sequence in 1...8 {
            try client.send("PUB notes \(text)\n")
            #expect(try client.line() == "OK \(sequence)")
        }
        try client.send("HISTORY notes 1 8\nPING\n")
        client.endInput()
        let lines = try client.linesToEnd()
        #expect(lines.count == 2 && lines.last == "PONG")
        #expect(lines.first?.utf8.count ?? 0 > 8_000_000 && lines.first?.hasSuffix("]}") == true)
        await test.host.close()
    }

    @Test func `half a line before the end is no request`() async throws {
        let test = try await TestHost()
        let client = try test.client()
        try client.send("PING\nPUB notes a")
        client.endInput()
        #expect(try client.linesToEnd() == ["PONG"])
        let other = try test.client()
        try other.send("PUB notes b\n")
        #expect(try other.line() == "OK 1")
        await test.host.close()
    }

    @Test func `a client that sends on after QUIT still reads the reply`() async throws {
        let test = try await TestHost()
        let client = try test.client()
        try client.send("PUB notes a\nQUIT\n" + String(repeating: "PING\n", count: 20_000))
        client.endInput()
        #expect(try client.linesToEnd() == ["OK 1", "OK bye"])
        await test.host.close()
    }

    @Test func `many requests in one burst are answered in order`() async throws {
        let test = try await TestHost()
        let clients = try (0..<4).map { _ in try test.client() }
        for (number, client) in clients.enumerated() {
            let burst = (1...500).map { "PUB topic\(number) text \($0)\n" }.joined()
            try client.send(burst + "PING\n")
        }
        for client in clients {
            for sequence in 1...500 { #expect(try client.line() == "OK \(sequence)") }
            #expect(try client.line() == "PONG")
        }
        await test.host.close()
    }

    @Test func `a client too many is closed, and a place that becomes free is given`() async throws
    {
        let test = try await TestHost(clientsMax: 2)
        let first = try test.client()
        var second: RawClient? = try test.client()
        try second?.send("PING\n")
        #expect(try second?.line() == "PONG")
        let refused = try RawClient(port: test.port)
        #expect((try? refused.linesToEnd()) ?? [] == [])
        let told = await test.event { $0 != .stopped && "\($0)".contains("too many") }
        #expect(told != nil)

        try second?.send("QUIT\n")
        second?.endInput()
        #expect(try second?.linesToEnd() == ["OK bye"])
        second = nil
        try first.send("PING\n")
        #expect(try first.line() == "PONG")
        let next = try test.client()
        try next.send("PING\n")
        #expect(try next.line() == "PONG")
        await test.host.close()
    }

    @Test func `a port in use is named, with what to do`() async throws {
        let one = try await TestHost()
        let two = try await TestHost()
        let address = ListenAddress(host: "127.0.0.1", port: one.port, purpose: .nodes)
        let error = await #expect(throws: ListenError.self) {
            try await two.host.start(client: address, peer: nil)
        }
        let text = error?.description ?? ""
        #expect(text.contains("port \(one.port)") && text.contains("in use by another program"))
        #expect(text.contains("`rpc_port`"))
        await one.host.close()
        await two.host.close()
    }

    @Test func `a full disk is waited for: what waits is answered after, the rest refused`()
        async throws
    {
        let test = try await TestHost()
        let client = try test.client()
        try client.send("PUB notes a\n")
        #expect(try client.line() == "OK 1")
        test.disk.fail(with: ENOSPC)
        try client.send("PUB notes b\n")
        let full = await test.event { "\($0)".contains("the disk is full") }
        #expect(full != nil)
        let other = try test.client()
        try other.send("PUB notes c\n")
        #expect(try other.line()?.hasPrefix("ERR DISK_FULL ") == true)
        test.disk.fail(with: nil)
        #expect(try client.line() == "OK 2")
        await test.host.close()
    }

    @Test func `any other error of the disk ends the process with one line`() async throws {
        let test = try await TestHost()
        let client = try test.client()
        try client.send("PUB notes a\n")
        #expect(try client.line() == "OK 1")
        test.disk.fail(with: EIO)
        try client.send("PUB notes b\n")
        let event = await test.event { if case .fatal = $0 { true } else { false } }
        guard case .fatal(let reason) = event else {
            Issue.record("the node goes on")
            return
        }
        #expect(reason.contains("cannot write") && reason.contains("start it again"))
        #expect(!reason.contains("\n"))
        await test.host.close()
    }

    @Test func `a client that quits and ends its input gets all of a long reply`() async throws {
        let test = try await TestHost()
        let client = try test.client()
        let text = String(repeating: "x", count: 1 << 20)
        for number in 1...7 {
            try client.send("PUB notes \(text)\n")
            #expect(try client.line() == "OK \(number)")
        }
        try client.send("HISTORY notes 1 7\nQUIT\n")
        // Once the reply has begun the node has closed its side; most of it is still to come.
        try client.waitForInput()
        client.endInput()
        let lines = try client.linesToEnd()
        #expect(lines.count == 2)
        #expect((lines.first?.utf8.count ?? 0) > 7 << 20)
        #expect(lines.last == "OK bye")
        await test.host.close()
    }

    @Test func `a stop ends connections with an end, not a reset`() async throws {
        let test = try await TestHost()
        let client = try test.client()
        try client.send("PUB notes a\n")
        #expect(try client.line() == "OK 1")
        test.host.stop()
        let event = await test.event { $0 == .stopped }
        #expect(event == .stopped)
        try client.send("PUB notes b\n")
        await test.host.close()
        #expect(throws: Never.self) { try client.linesToEnd() }
    }
}
