import Foundation
import Testing
import WiberBase

@testable import WiberWire

@Suite("JSON")
struct JSONWriterTests {
    @Test func `values of every kind`() {
        let json = text { json in
            json.object { json in
                json.field("text", "a")
                json.field("none", String?.none)
                json.field("some", Optional("b"))
                json.field("number", UInt64.max)
                json.field("no number", UInt64?.none)
                json.field("yes", true)
                json.field("no", false)
                json.field("rate", thousandths: 1_007)
                json.field("slow", thousandths: 20)
                json.array("list", [1, 2]) { json, number in
                    json.object { $0.field("n", UInt64(number)) }
                }
                json.array("empty", [String]()) { $0.string($1) }
                json.array("nested", [["a"], []]) { json, inner in
                    json.array(inner) { $0.string($1) }
                }
                json.object("inner") { _ in }
                json.field("last", "z")
            }
        }
        #expect(
            json == #"{"text":"a","none":null,"some":"b","number":18446744073709551615,"#
                + #""no number":null,"yes":true,"no":false,"rate":1.007,"slow":0.020,"#
                + #""list":[{"n":1},{"n":2}],"empty":[],"nested":[["a"],[]],"inner":{},"last":"z"}"#
        )
    }

    @Test func `every character comes back from another reader`() throws {
        for start in stride(from: UInt32(0), through: 0x10ffff, by: 997) {
            let scalars = (start..<start + 16).compactMap(Unicode.Scalar.init)
            var name = ""
            name.unicodeScalars.append(contentsOf: scalars)
            let json = text { json in json.object { $0.field("k\(name)", name) } }
            #expect(try parsed(json)["k\(name)"] as? String == name, "from \(start)")
        }
        let controls = String(decoding: UInt8(0)...UInt8(127), as: UTF8.self)
        let json = text { json in json.object { $0.field("k", controls) } }
        #expect(try parsed(json)["k"] as? String == controls)
        #expect(json.utf8.allSatisfy { $0 >= 32 })
    }

    @Test func `base64 of any length comes back from another reader`() throws {
        for count in 0..<70 {
            var random = RandomSource(seed: UInt64(count))
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            let json = text { json in
                json.object { json in
                    bytes.withUnsafeBytes { json.field("b", base64: $0) }
                }
            }
            let encoded = try #require(try parsed(json)["b"] as? String)
            #expect(encoded == Data(bytes).base64EncodedString())
        }
    }

    private func text(_ body: (inout JSONWriter) -> Void) -> String {
        var json = JSONWriter()
        body(&json)
        return String(decoding: json.bytes, as: UTF8.self)
    }
}
