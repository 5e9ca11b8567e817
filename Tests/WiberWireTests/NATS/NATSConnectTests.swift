import Testing
import WiberBase

@testable import WiberWire

@Suite("CONNECT")
struct NATSConnectTests {
    private func connect(_ json: String) throws(NATSFailure) -> NATSConnect {
        var bytes = Array(json.utf8)
        bytes.append(0)
        var failure = NATSFailure.silent
        let result = bytes.withUnsafeBytes { bytes -> NATSConnect? in
            do throws(NATSFailure) {
                return try NATSConnect(UnsafeRawBufferPointer(rebasing: bytes.dropLast()))
            } catch {
                failure = error
                return nil
            }
        }
        guard let result else { throw failure }
        return result
    }

    @Test func `what is not said is verbose, pedantic and echoed`() throws {
        #expect(try connect("{}") == NATSConnect())
        #expect(try connect(" { } ").isVerbose)
    }

    @Test func `what a client says is taken, and what nobody knows passed over`() throws {
        let options = try connect(
            """
            {"verbose":false,"pedantic":false,"Echo":false,"headers":true,"no_responders":true,\
            "protocol":1,"name":"a \\u00e9\\ud83d\\ude00 \\"b\\"","lang":"go","version":"1.0",\
            "tls_required":false,"extra":{"x":[1,-2.5e3,null,"y",{"z":[]}]},"user":null}
            """
        )
        #expect(!options.isVerbose && !options.isPedantic && !options.echoes)
        #expect(options.hasHeaders && options.wantsNoResponders && options.protocolVersion == 1)
        #expect(options.name == "a é😀 \"b\"" && options.language == "go")
    }

    @Test(arguments: [
        "", "{", "[]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{\"a\":1}x", "{\"verbose\":1}",
        "{\"protocol\":\"1\"}", "{\"protocol\":1.5}", "{\"protocol\":99999999999999999999}",
        "{\"name\":\"\\x\"}", "{\"name\":\"a\n\"}", "{\"name\":\"abc}", "{\"name\":\"\\u12\"}",
        "{\"a\":" + String(repeating: "[", count: 40) + String(repeating: "]", count: 40) + "}",
    ])
    func `what is no JSON, or has the wrong kind, ends the connection`(json: String) {
        #expect(throws: NATSFailure.silent) { try connect(json) }
    }

    @Test(arguments: [
        "user", "pass", "auth_token", "nkey", "jwt", "sig", "proxy_sig", "remote_account", "Name",
        "lang", "version", "account",
    ])
    func `what is a text for nats-server must be one, although it is passed over`(name: String) {
        #expect(throws: NATSFailure.silent) { try connect("{\"\(name)\":1}") }
        #expect(throws: Never.self) { try connect("{\"\(name)\":null}") }
    }

    @Test func `another CONNECT changes what it names, and nothing else`() throws {
        let first =
            "{\"verbose\":false,\"echo\":false,\"headers\":true,\"name\":\"a\",\"lang\":\"go\"}"
        var options = try connect(first)
        let second = Array("{\"pedantic\":false,\"no_responders\":true,\"name\":null}".utf8)
        try second.withUnsafeBytes { try options.update($0) }
        var expected = try connect(first)
        expected.isPedantic = false
        expected.wantsNoResponders = true
        #expect(options == expected)
    }

    @Test func `what a client may not ask for is refused by name`() {
        #expect(throws: NATSFailure.clientProtocol) { try connect("{\"protocol\":2}") }
        #expect(throws: NATSFailure.noRespondersWithoutHeaders) {
            try connect("{\"no_responders\":true}")
        }
        #expect(throws: NATSFailure.authorization) { try connect("{\"account\":\"a\"}") }
        #expect(throws: NATSFailure.authorization) {
            try connect("{\"account\":\"a\",\"new_account\":false}")
        }
    }

    @Test func `no flipped bit and no prefix traps`() {
        let json = Array(
            "{\"verbose\":false,\"name\":\"\\ud83d\\ude00\",\"x\":[1,{\"y\":-2e5}]}".utf8
        )
        for count in 0...json.count {
            _ = try? connect(String(decoding: json[..<count], as: UTF8.self))
        }
        for place in json.indices {
            for bit in 0..<8 {
                var bytes = json
                bytes[place] ^= 1 << bit
                _ = bytes.withUnsafeBytes { try? NATSConnect($0) }
            }
        }
    }
}
