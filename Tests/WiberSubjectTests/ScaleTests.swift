import Testing
import WiberBase

@testable import WiberSubject

@Suite("A subject table at its limits")
struct ScaleTests {
    @Test func `200,000 subjects are found, and leave nothing behind`() {
        let table = TextTable(seed: 1)
        let count: UInt64 = 200_000
        for id in 0..<count { table.insert(id, "client.\(id).inbox") }
        #expect(table.count == Int(count))
        for id in 0..<count where table.plain("client.\(id).inbox") != [id] {
            Issue.record("client.\(id).inbox")
        }
        for id in 0..<count { table.remove(id, "client.\(id).inbox") }
        #expect(table.count == 0)
        #expect(table.match("client.7.inbox").isEmpty)
    }

    @Test func `patterns that come and go leave no nodes behind`() {
        var trie = WildcardTrie(hash: KeyedHash(seed: 1))
        for round in UInt64(0)..<200 {
            for id in 0..<UInt64(50) { trie.change(round * 50 + id, isInsert: true) }
            #expect(trie.nodeCount == 1 + 2 + 50 * 2)
            for id in 0..<UInt64(50) { trie.change(round * 50 + id, isInsert: false) }
            #expect(trie.nodeCount == 1)
            #expect(trie.isEmpty)
        }
    }

    @Test func `a subject of 2,000 tokens is matched without a deep stack`() {
        let table = TextTable(seed: 1)
        let tokens = Array(repeating: "a", count: 2_000)
        let deep = tokens.joined(separator: ".")
        let stars = Array(repeating: "*", count: 2_000).joined(separator: ".")
        #expect(table.insert(1, deep))
        #expect(table.insert(2, stars))
        #expect(table.insert(3, (tokens.dropLast() + [">"]).joined(separator: ".")))
        #expect(table.plain(deep) == [1, 2, 3])
        #expect(table.plain(stars) == [2])
        #expect(table.plain(deep + ".a") == [3])
        #expect(table.plain("b." + deep) == [])
        #expect(table.remove(1, deep))
        #expect(table.remove(2, stars))
        #expect(table.plain(deep) == [3])
    }

    @Test func `every mix of wildcards over 11 tokens is matched once`() {
        let table = TextTable(seed: 1)
        for id in UInt64(0)..<2_048 {
            let tokens = (0..<11).map { id >> UInt64($0) & 1 == 0 ? "a" : "*" }
            #expect(table.insert(id, tokens.joined(separator: ".")))
        }
        let subject = Array(repeating: "a", count: 11).joined(separator: ".")
        #expect(table.plain(subject) == Array(0..<2_048))
        #expect(table.plain("b." + subject.dropFirst(2)).count == 1_024)
        #expect(table.plain(subject + ".a") == [])
    }
}

extension WildcardTrie {
    /// Inserts or removes a subscription to `a.b.<id>.*`.
    fileprivate mutating func change(_ id: UInt64, isInsert: Bool) {
        let isDone = Array("a.b.\(id).*".utf8).withUnsafeBytes { pattern in
            isInsert
                ? insert(SubscriptionID(id), pattern, queue: nil)
                : remove(SubscriptionID(id), pattern, queue: nil)
        }
        #expect(isDone)
    }
}
