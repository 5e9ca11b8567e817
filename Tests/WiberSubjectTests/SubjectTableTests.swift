import Testing
import WiberBase

@testable import WiberSubject

@Suite("The subject table")
struct SubjectTableTests {
    @Test func `who subscribed to a subject gets what is published to it`() {
        let table = TextTable(seed: 1)
        #expect(table.insert(1, "a.b"))
        #expect(table.insert(2, "a.*"))
        #expect(table.insert(3, "a.>"))
        #expect(table.insert(4, ">"))
        #expect(table.insert(5, "a.c"))
        #expect(table.plain("a.b") == [1, 2, 3, 4])
        #expect(table.plain("a.c") == [2, 3, 4, 5])
        #expect(table.plain("a.b.c") == [3, 4])
        #expect(table.plain("a") == [4])
        #expect(table.count == 5)
    }

    @Test func `matches come in the order of insertion, wherever they are from`() {
        let table = TextTable(seed: 1)
        let subjects = ["a.b", "*.b", "a.b", ">", "a.*", "*.*", "a.b", "a.>", ">"]
        for (place, subject) in subjects.enumerated() { table.insert(UInt64(place), subject) }
        #expect(table.plain("a.b") == Array(0..<9))
    }

    @Test func `a published wildcard stands for itself`() {
        let table = TextTable(seed: 1)
        table.insert(1, "a.*")
        table.insert(2, "a.>")
        table.insert(3, "a.b")
        #expect(table.plain("a.*") == [1, 2])
        #expect(table.plain("a.>") == [1, 2])
        #expect(table.plain("*.b") == [])
    }

    @Test func `what is not valid is refused, and has no matches`() {
        let table = TextTable(seed: 1)
        for subject in SubjectTests.invalid {
            #expect(!table.insert(1, subject))
            #expect(!table.remove(1, subject))
        }
        #expect(table.count == 0)
        table.insert(1, ">")
        table.insert(2, "a.>")
        for subject in ["", ".", "a..b", "a.b.", "a.b..c", ".a"] {
            #expect(table.match(subject).isEmpty)
        }
    }

    @Test func `a subscription is there once for each subject and queue`() {
        let table = TextTable(seed: 1)
        for subject in ["a", "a.*", ">"] {
            #expect(table.insert(1, subject))
            #expect(!table.insert(1, subject))
            #expect(table.insert(1, subject, queue: "q"))
            #expect(!table.insert(1, subject, queue: "q"))
            #expect(!table.remove(2, subject))
            #expect(!table.remove(1, subject, queue: "other"))
            #expect(table.count == 2)
            #expect(table.remove(1, subject))
            #expect(!table.remove(1, subject))
            #expect(table.remove(1, subject, queue: "q"))
            #expect(table.count == 0)
        }
    }

    @Test func `queue groups are apart, sorted by name, and joined across patterns`() {
        let table = TextTable(seed: 1)
        table.insert(1, "a.b", queue: "z")
        table.insert(2, "a.*", queue: "b")
        table.insert(3, "a.>", queue: "z")
        table.insert(4, "a.b")
        table.insert(5, "a.b", queue: "b")
        table.insert(6, "x", queue: "b")
        table.insert(7, "a.b", queue: "")
        #expect(table.plain("a.b") == [4])
        #expect(table.queues("a.b") == [": 7", "b: 2 5", "z: 1 3"])
        #expect(table.match("a.b").count == 6)
        table.remove(2, "a.*", queue: "b")
        table.remove(7, "a.b", queue: "")
        #expect(table.queues("a.b") == ["b: 5", "z: 1 3"])
        #expect(table.queues("a.c") == ["z: 3"])
    }

    @Test func `a copy of a table is another table`() {
        let table = TextTable(seed: 1)
        for id in UInt64(1)...3 { table.insert(id, "a") }
        let copy = TextTable(table.table)
        copy.insert(4, "a")
        copy.remove(1, "a")
        #expect(table.plain("a") == [1, 2, 3])
        #expect(copy.plain("a") == [2, 3, 4])
    }

    @Test func `answers do not depend on the seed`() {
        var answers: Set<[String]> = []
        for seed in UInt64(0)..<5 {
            var random = RandomSource(seed: 7)
            let table = TextTable(seed: seed)
            for id in UInt64(0)..<300 { table.insert(id, random.subject(), queue: "\(id % 5)") }
            answers.insert((0..<100).flatMap { _ in table.queues(random.subject()) })
        }
        #expect(answers.count == 1)
    }

    @Test func `many subscriptions to one subject come and go in any order`() {
        let table = TextTable(seed: 1)
        var random = RandomSource(seed: 1)
        let ids = Array(UInt64(0)..<20_000)
        for id in ids { table.insert(id, "a") }
        #expect(table.plain("a") == ids)
        for id in ids.shuffled(using: &random) { #expect(table.remove(id, "a")) }
        #expect(table.match("a").isEmpty)
        #expect(table.count == 0)
    }
}
