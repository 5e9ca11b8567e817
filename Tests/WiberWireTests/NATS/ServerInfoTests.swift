import Foundation
import Testing
import WiberBase

@testable import WiberWire

@Suite("What a node says first")
struct ServerInfoTests {
    private func parsed(_ info: ServerInfo) throws -> [String: Any] {
        var bytes: [UInt8] = []
        info.write(into: &bytes)
        let line = String(decoding: bytes, as: UTF8.self)
        #expect(line.hasPrefix("INFO {") && line.hasSuffix("} \r\n"))
        let json = try JSONSerialization.jsonObject(with: Data(line.dropFirst(5).utf8))
        return try #require(json as? [String: Any])
    }

    @Test func `it says who answers, and what clients go by`() throws {
        var info = ServerInfo()
        info.serverID = "abc"
        info.serverName = "n\"1"
        info.version = "0.1.0"
        info.clientID = 5
        info.clientAddress = "[::1]:4222"
        info.urls = ["a:1", "b:2"]
        let fields = try parsed(info)
        #expect(fields["server_id"] as? String == "abc")
        #expect(fields["server_name"] as? String == "n\"1")
        #expect(fields["version"] as? String == ServerInfo.protocolVersion)
        #expect(fields["wiber_version"] as? String == "0.1.0")
        #expect(fields["proto"] as? Int == 1)
        #expect(fields["headers"] as? Bool == true)
        #expect(fields["max_payload"] as? Int == 1_048_576)
        #expect(fields["client_id"] as? Int == 5)
        #expect(fields["client_ip"] as? String == "::1")
        #expect(fields["connect_urls"] as? [String] == ["a:1", "b:2"])
        #expect(fields["ldm"] == nil)
    }

    @Test(arguments: [
        ("127.0.0.1:1", "127.0.0.1"), ("[::1]:1", "::1"), ("::1", "::1"), ("unknown", "unknown"),
        ("", ""), (":", ""),
    ])
    func `an address is told without its port`(address: String, host: String) throws {
        var info = ServerInfo()
        info.clientAddress = address
        #expect(try parsed(info)["client_ip"] as? String == host)
    }
}
