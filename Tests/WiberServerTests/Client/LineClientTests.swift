import Foundation
import Glibc
import Testing

@testable import WiberServer

@Suite("The line client")
struct LineClientTests {
    @Test(arguments: [
        ("nats://127.0.0.1:4222", "127.0.0.1", 4_222), ("localhost", "localhost", 4_222),
        ("h:1", "h", 1), ("wiber://h:65535/", "h", 65_535), ("[::1]:9101", "::1", 9_101),
        (" nats://h ", "h", 4_222),
    ])
    func `an address has a host and perhaps a port`(text: String, host: String, port: Int) throws {
        #expect(try ServerAddress.list(text) == [ServerAddress(host: host, port: port)])
    }

    @Test(arguments: [
        "", ",", "nats://", ":4222", "h:", "h:0", "h:65536", "h:-1", "h:x", "a b", "h:1:2",
        "[::1]x",
        "http://h", "nats://user@h",
    ])
    func `what is no address is refused`(text: String) {
        #expect(throws: ClientError.self) { try ServerAddress.list(text) }
    }

    @Test func `several servers are tried in turn`() throws {
        let (socket, port) = try FakeServer.listen()
        close(socket)  // Now nobody listens there.
        let server = try FakeServer { _, _ in .lines(["PONG"]) }
        let client = try LineClient(servers: "127.0.0.1:\(port),\(server.address)")
        #expect(try client.request("PING") == "PONG")
        #expect(client.infoFields["server_name"] == "n1")
        #expect(client.httpAddress.port == 1)
    }

    @Test func `a server that is not there is named, with what to start`() throws {
        let (socket, port) = try FakeServer.listen()
        close(socket)
        let error = #expect(throws: ClientError.self) {
            try LineClient(servers: "127.0.0.1:\(port)")
        }
        let text = error?.description ?? ""
        #expect(text.contains("127.0.0.1:\(port)") && text.contains("wiber serve"), "\(text)")
    }

    @Test func `a reply may follow messages, and an error is thrown`() throws {
        let server = try FakeServer { line, _ in
            switch line {
            case "STATS": .lines(["MSG t 1 2026-01-01T00:00:00.000000000Z x", "OK {}"])
            case "UNSUB t": .lines(["OK"])
            case _: .lines(["ERR UNKNOWN_COMMAND what"])
            }
        }
        let client = try LineClient(servers: server.address)
        #expect(try client.request("STATS") == "{}")
        #expect(try client.request("UNSUB t") == "")
        let error = #expect(throws: ClientError.self) { try client.request("X") }
        #expect(error?.description == "ERR UNKNOWN_COMMAND what")
        #expect(server.lines == ["STATS", "UNSUB t", "X"])
    }

    @Test func `something else than INFO at the start is refused`() throws {
        let server = try FakeServer(greeting: "HTTP/1.1 400 Bad Request") { _, _ in .close([]) }
        #expect(throws: ClientError.self) { try LineClient(servers: server.address) }
    }

    @Test func `a connection that ends is said so`() throws {
        let server = try FakeServer { _, _ in .close(["OK unfinish"]) }
        let client = try LineClient(servers: server.address)
        #expect(try client.request("PUB t x") == "unfinish")
        #expect(throws: ClientError.self) { try client.reply() }
        #expect(throws: ClientError.self) { try client.connection.checkOpen() }
    }
}

@Suite("MSG lines")
struct MessageLineTests {
    @Test func `a line has a topic, a sequence, a time and text`() throws {
        let line = try #require(MessageLine("MSG t 7 2026-01-01T00:00:00.000000000Z a  b "))
        #expect(line.topic == "t")
        #expect(line.sequence == 7)
        #expect(line.time == "2026-01-01T00:00:00.000000000Z")
        #expect(line.text == "a  b ")
        #expect(line.fields["data"] as? String == "a  b ")
    }

    @Test(arguments: ["", "OK 1", "MSG", "MSG t 1", "MSG t x time text", "MSG t -1 time text"])
    func `other lines are none`(line: String) {
        #expect(MessageLine(line) == nil)
    }

    @Test(arguments: [
        ("plain", Array("plain".utf8)), (#"a\nb\r\\n"#, Array("a\nb\r\\n".utf8)),
        (#"\xff\x00z"#, [0xff, 0, 0x7a]), (#"\xfg"#, Array(#"\xfg"#.utf8)),
        (#"\x1"#, Array(#"\x1"#.utf8)), (#"\q\"#, Array(#"\q\"#.utf8)), ("", []),
    ])
    func `escapes are undone, and what is none stays`(text: String, bytes: [UInt8]) throws {
        let line = try #require(MessageLine("MSG t 1 time \(text)"))
        #expect(line.bytes == bytes)
    }

    @Test func `bytes that are no text are told as base64`() throws {
        let line = try #require(MessageLine(#"MSG t 1 time \xff"#))
        #expect(line.fields["data"] == nil)
        #expect(line.fields["data_base64"] as? String == "/w==")
    }
}
