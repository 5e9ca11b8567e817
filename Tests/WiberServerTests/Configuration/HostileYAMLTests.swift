import Foundation
import Testing
import WiberBase

@testable import WiberServer

@Suite("YAML that wants to do harm")
struct HostileYAMLTests {
    /// A way to nest, by what is repeated.
    enum Nesting: CaseIterable {
        case lists, mappings, dashes, questions, indentation, aliases

        var yaml: String {
            switch self {
            case .lists: String(repeating: "[", count: 100_000)
            case .mappings: String(repeating: "{a: ", count: 50_000)
            case .dashes: String(repeating: "- ", count: 100_000)
            case .questions: String(repeating: "? ", count: 100_000)
            case .indentation:
                (0..<1_000).map { String(repeating: " ", count: $0) + "a:\n" }.joined()
            case .aliases: "a: &a [" + String(repeating: "*b, ", count: 100) + "]"
            }
        }
    }

    @Test(arguments: Nesting.allCases)
    func `what nests too deep is refused before it is read`(nesting: Nesting) {
        let error = #expect(throws: ConfigurationError.self) { try parse(nesting.yaml) }
        #expect(error?.problems.count == 1)
    }

    @Test func `a laughing mapping key is refused at once`() {
        var yaml = "a0: &a0 [x]\n"
        for level in 1..<40 {
            yaml += "a\(level): &a\(level) [*a\(level - 1), *a\(level - 1), *a\(level - 1)]\n"
        }
        yaml += "? *a39\n: 1\n"
        #expect(throws: ConfigurationError.self) { try parse(yaml) }
    }

    @Test func `what is too long or no text is refused`() {
        let long = Data(repeating: UInt8(ascii: "#"), count: YAMLGuard.lengthMax + 1)
        #expect(throws: ConfigurationError.self) {
            try ClusterConfiguration.parse(long, path: "c.yaml")
        }
        #expect(throws: ConfigurationError.self) {
            try ClusterConfiguration.parse(Data([0xff, 0xfe, 0x00]), path: "c.yaml")
        }
    }

    @Test func `a thousand topics take no time`() throws {
        let topics = (0..<5_000).map { "  - { name: topic\($0) }" }.joined(separator: "\n")
        let cluster = try parse("nodes: [{id: a, host: h, port: 1}]\ntopics:\n" + topics)
        #expect(cluster.topics.count == 5_000)
    }

    @Test func `a good file with bytes changed at random never traps`() {
        let good = Array(
            """
            cluster: demo
            nodes:
              - { id: n1, host: 127.0.0.1, port: 9101 }
              - { id: n2, host: 127.0.0.1, port: 9102, rpc_port: 1, http_port: 2 }
            topics:
              - name: notifications
                subjects: [notifications, "mail.>"]
                retention: { max_age: 24h, max_bytes: 1GiB, max_messages: 1000000 }
                dedup: { window: 2m, by: id }
            """.utf8
        )
        let bytes = Array("[]{}:,-?*&!|>'\"%@`# \n\t0aZ~.\\\u{7f}é\0".utf8)
        var random = SplitMix(state: 7)
        for _ in 0..<3_000 {
            var changed = good
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let place = Int.random(in: changed.indices, using: &random)
                changed[place] = bytes.randomElement(using: &random) ?? 0
            }
            _ = try? ClusterConfiguration.parse(Data(changed), path: "c.yaml")
        }
    }

    @Test func `every beginning of a good file is read or refused`() {
        let good = Data("nodes:\n  - { id: n1, host: \"h\", port: 9101 }\ntopics: [{name: t}]".utf8)
        for length in 0...good.count {
            _ = try? ClusterConfiguration.parse(good.prefix(length), path: "c.yaml")
        }
    }
}

/// A small generator with a seed (Vigna's SplitMix64).
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
