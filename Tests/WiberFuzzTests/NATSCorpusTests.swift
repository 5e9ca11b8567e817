import Foundation
import Testing
import WiberFuzz

@Suite("What the fuzzer has found worth keeping")
struct NATSCorpusTests {
    /// One input a line, in base64; `./dev fuzz` adds to it.
    private func corpus() throws -> [[UInt8]] {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "nats.corpus")
        return try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map {
            Array(try #require(Data(base64Encoded: String($0)), "no base64: \($0)"))
        }
    }

    @Test func `everything in the corpus passes, whole and in pieces`() throws {
        let inputs = try corpus()
        #expect(inputs.count > 100)
        for input in inputs { input.withUnsafeBytes(NATSProbe.check) }
    }

    @Test func `so it does with a byte more, less or other at any place`() throws {
        for input in try corpus() where input.count <= 64 {
            for place in input.indices {
                var changed = input
                changed[place] ^= 0x20
                changed.withUnsafeBytes(NATSProbe.check)
                changed.remove(at: place)
                changed.withUnsafeBytes(NATSProbe.check)
                changed.insert(contentsOf: [13, 10], at: place)
                changed.withUnsafeBytes(NATSProbe.check)
            }
        }
    }
}
