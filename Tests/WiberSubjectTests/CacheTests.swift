import Testing
import WiberBase

@testable import WiberSubject

@Suite("The cache of matches")
struct CacheTests {
    @Test func `a subject that was asked for is found again`() {
        let table = TextTable(seed: 1)
        table.insert(1, "a.*")
        let first = table.match("a.b")
        #expect(table.match("a.b") == first)
        #expect(table.match("x").isEmpty)
        #expect(table.match("x").isEmpty)
        #expect(table.table.cacheHits == 2)
        #expect(table.table.cacheMisses == 2)
        #expect(table.cacheCount == 2)
    }

    @Test func `a literal subscription takes back only its own subject`() {
        let table = TextTable(seed: 1)
        for subject in ["a", "b", "a.b"] { _ = table.match(subject) }
        table.insert(1, "a")
        #expect(table.cacheCount == 2)
        #expect(table.plain("a") == [1])
        table.remove(1, "a")
        #expect(table.cacheCount == 2)
        #expect(table.plain("a") == [])
        #expect(table.table.cacheHits == 0)
    }

    @Test func `a pattern takes back the subjects that it matches`() {
        let subjects = ["a", "b", "a.b", "a.c", "b.c", "orders.new", "orders.new.1", "orders.old"]
        for pattern in ["*", ">", "a.*", "*.c", "orders.>", "orders.new.*", "*.new.>", "zebra.>"] {
            let table = TextTable(seed: 1)
            for subject in subjects { _ = table.match(subject) }
            table.insert(1, pattern)
            let kept = subjects.filter { !Subject.matches(pattern, $0) }
            #expect(table.cacheCount == kept.count, "\(pattern)")
            for subject in kept { #expect(table.match(subject).isEmpty) }
            #expect(table.table.cacheHits == UInt64(kept.count), "\(pattern)")
            for subject in subjects {
                #expect(table.plain(subject) == (Subject.matches(pattern, subject) ? [1] : []))
            }
            table.remove(1, pattern)
            for subject in subjects { #expect(table.match(subject).isEmpty, "\(pattern)") }
        }
    }

    @Test func `it never has more than 4,096 subjects, and keeps those that are asked for`() {
        let table = TextTable(seed: 1)
        for number in 0..<8_000 {
            _ = table.match("once.\(number)")
            _ = table.match("often.\(number % 50)")
        }
        #expect(table.cacheCount == MatchCache.subjectCountMax)
        #expect(table.table.cacheHits == 8_000 - 50)
    }

    @Test func `a full one is dropped for a pattern that begins with a wildcard`() {
        let table = TextTable(seed: 1)
        for number in 0..<1_000 { _ = table.match("\(number).a") }
        table.insert(1, "999.*")
        #expect(table.cacheCount == 999)
        table.insert(2, "*.b")
        #expect(table.cacheCount == 0)
        #expect(table.plain("999.a") == [1])
        #expect(table.plain("999.b") == [1, 2])
    }

    @Test func `large answers leave when they are too many`() {
        let hash = KeyedHash(seed: 1)
        var cache = MatchCache(hash: hash)
        let ids = (0..<UInt64(MatchCache.weightMax / 4)).map { SubscriptionID($0) }
        let large = SubjectMatches(plain: ids)
        for number in UInt64(0)..<10 {
            withUnsafeBytes(of: number) { cache.insert($0, hash($0), large) }
        }
        #expect(cache.count == 3)
        let tooLarge = SubjectMatches(plain: ids + ids + ids + ids + [SubscriptionID(1)])
        [UInt8(1)].withUnsafeBytes { cache.insert($0, hash($0), tooLarge) }
        #expect(cache.count == 3)
    }
}
