import Testing
import WiberBase

@testable import WiberSubject

/// Random subscriptions, removals and matches, against a list that asks the grammar.
@Suite("A subject table against a list")
struct RandomTests {
    struct Subscription {
        let id: UInt64
        let subject: String
        let queue: String?
    }

    @Test(arguments: UInt64(1)...20)
    func `it answers as a list does`(seed: UInt64) {
        var random = RandomSource(seed: seed)
        let table = TextTable(seed: random.next())
        var list: [Subscription] = []
        for step in 0..<4_000 {
            let share = step % 1_000 < 600 ? 4 : 6  // It grows, then shrinks, four times.
            switch Int.random(in: 0..<12, using: &random) {
            case 0..<2: check(table, list, random.subject(), seed)
            case 2..<(12 - share): insert(table, &list, UInt64(step), &random)
            default: removeAny(table, &list, &random)
            }
            #expect(table.count == list.count, "seed \(seed)")
        }
        while !list.isEmpty { removeAny(table, &list, &random) }
        check(table, list, "a.b", seed)
        #expect(table.count == 0)
    }

    private func insert(
        _ table: TextTable,
        _ list: inout [Subscription],
        _ id: UInt64,
        _ random: inout RandomSource
    ) {
        let subject = random.subject()
        let queue = [nil, nil, "q", "r"][Int.random(in: 0..<4, using: &random)]
        let isNew = table.insert(id, subject, queue: queue)
        #expect(isNew == Subject.isValid(subject), "\(subject)")
        if isNew { list.append(Subscription(id: id, subject: subject, queue: queue)) }
    }

    private func removeAny(
        _ table: TextTable,
        _ list: inout [Subscription],
        _ random: inout RandomSource
    ) {
        guard !list.isEmpty else { return }
        let old = list.remove(at: Int.random(in: 0..<list.count, using: &random))
        #expect(table.remove(old.id, old.subject, queue: old.queue))
        #expect(!table.remove(old.id, old.subject, queue: old.queue))
    }

    private func check(
        _ table: TextTable,
        _ list: [Subscription],
        _ subject: String,
        _ seed: UInt64
    ) {
        let wanted = list.filter { Subject.matches($0.subject, subject) }
        let plain = wanted.filter { $0.queue == nil }.map(\.id)
        let queues = ["q", "r"].compactMap { name -> String? in
            let members = wanted.filter { $0.queue == name }.map(\.id.description)
            return members.isEmpty ? nil : "\(name): \(members.joined(separator: " "))"
        }
        #expect(table.plain(subject) == plain, "\(subject), seed \(seed)")
        #expect(table.queues(subject) == queues, "\(subject), seed \(seed)")
    }
}
