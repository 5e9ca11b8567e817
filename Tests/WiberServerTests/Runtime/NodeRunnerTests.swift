import Testing
import WiberNIO
import WiberNode

@testable import WiberServer

@Suite("A node from start to stop", .serialized, .timeLimit(.minutes(1)))
struct NodeRunnerTests {
    @Test func `a node serves lines and HTTP, and leaves its files in order`() async throws {
        let folder = try TestFolder()
        let node = try await RunningTest(in: folder)
        let client = try node.client()
        try client.send(Array("PUB notes hello\n".utf8))
        #expect(try client.line() == "OK 1")

        let health = try node.get("/healthz")
        #expect(health.status == 200 && health.body == #"{"status":"ok"}"#)
        let metrics = try node.get("/metrics").body
        for name in [
            "wiber_publishes_total 1", "process_open_fds", "wiber_log_lines_dropped_total 0",
        ] {
            #expect(metrics.contains("\n\(name)"), "\(name)")
        }
        #expect(try node.get("/api/cluster").body.contains(#""meta_leader":"n1""#))
        let topic = try node.get("/api/topics/notes")
        #expect(topic.status == 200 && topic.body.contains(#""last_sequence":1"#))
        #expect(try node.get("/api/topics").body.hasPrefix(#"[{"name":"notes""#))
        #expect(folder.text("n1/wiber.pid")?.isEmpty == false)

        try await node.stop()
        #expect(folder.text("n1/wiber.pid") == nil)
        let log = try #require(folder.text("n1/logs/console.log"))
        for words in [
            "Listening for client connections on 127.0.0.1:\(node.ports.client)",
            "Server is ready", "shutting down", "info stopped",
        ] {
            #expect(log.contains(words), "\(words)")
        }
        #expect(!log.contains("hello"))
    }

    @Test(arguments: ["/", "/api/topics/none", "/api/nothing", "/healthz/x", "/api/topics/%00%ff"])
    func `what is not there is a 404 in JSON that says what is`(path: String) async throws {
        let node = try await RunningTest(in: try TestFolder())
        let answer = try node.get(path)
        #expect(answer.status == 404)
        #expect(answer.body.hasPrefix(#"{"error":"there is no"#) && answer.body.contains("GET /"))
        try await node.stop()
    }

    @Test func `a stop does not wait for connections that stay open`() async throws {
        let node = try await RunningTest(in: try TestFolder())
        let silent = try Connection(ServerAddress(host: "127.0.0.1", port: node.ports.http))
        let half = try Connection(ServerAddress(host: "127.0.0.1", port: node.ports.http))
        try half.send(Array("GET /healthz HTTP/1.1\r\nHo".utf8))
        let client = try node.client()
        try client.send(Array("PUB notes half a li".utf8))
        let peer = try Connection(
            ServerAddress(host: "127.0.0.1", port: try #require(node.ports.peer))
        )
        let start = ContinuousClock.now
        try await node.stop()
        #expect(ContinuousClock.now - start < .seconds(2))
        #expect(throws: ClientError.self) { try client.line() }
        withExtendedLifetime((silent, half, peer)) {}
    }

    @Test func `a directory in use is refused, and stays as it was`() async throws {
        let folder = try TestFolder()
        let node = try await RunningTest(in: folder)
        let error = await #expect(throws: DataDirectoryError.self) {
            _ = try await RunningTest(in: folder)
        }
        #expect(error?.description.contains("in use by process") == true)
        #expect(folder.text("n1/wiber.pid") != nil)
        try await node.stop()
    }

    @Test func `an HTTP port in use is named, and everything is given back`() async throws {
        let first = try await RunningTest(in: try TestFolder())
        let folder = try TestFolder()
        var runner = RunningTest.runner(in: folder)
        runner.configuration.nodes[0].httpPort = first.ports.http
        let never = AsyncStream<StopRequest>.makeStream()
        let error = await #expect(throws: ListenError.self) {
            try await runner.run(until: never.stream)
        }
        let text = error?.description ?? ""
        #expect(
            text.contains("port \(first.ports.http)") && text.contains("`http_port`"),
            "\(text)"
        )
        #expect(folder.text("n1/wiber.pid") == nil)
        #expect(folder.text("n1/logs/console.log")?.contains("in use by another program") == true)
        // The directory is free again.
        let second = try await RunningTest(in: folder)
        try await second.stop()
        try await first.stop()
    }
}
