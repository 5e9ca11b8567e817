import Testing
import WiberBase

@testable import WiberLog

extension LogDriver {
    /// Opens the disk again and checks that every promise was kept.
    func reopen(_ disk: MemoryDisk, _ what: String = "") throws -> LogDriver {
        var next = try LogDriver(disk, seed: 5, options: store.options)
        for (id, _) in Self.groups {
            guard let model = models[id] else { continue }
            let found = next.recovery.groups.first { $0.id == id }
            next.models[id] = try check(id, model, found, next, what)
        }
        return next
    }

    private func check(
        _ id: GroupID,
        _ model: Model,
        _ found: Recovery.Group?,
        _ next: LogDriver,
        _ what: String
    ) throws -> Model {
        let hard = Hard(term: found?.term ?? .zero, votedFor: found?.votedFor ?? .zero)
        #expect(([model.hard] + model.hardAsked).contains(hard), "\(what): hard state \(hard)")
        let last = found?.last.index ?? .zero
        #expect(last >= model.durable, "\(what): group \(id) ends at \(last), not \(model.durable)")
        #expect((found?.segmentEnd ?? .zero) <= model.commit, "\(what): commit of group \(id)")
        var after = model
        after.log = []
        var index = LogIndex(1)
        let first = next.store.firstIndex(id) ?? LogIndex(1)
        while index <= last {
            guard index >= first else {
                after.log.append(model.log[Int(index.rawValue) - 1])
                index = index.next
                continue
            }
            for chunk in try next.read(id, from: index) {
                #expect(model.ever[chunk.id] == chunk.bytes, "\(what): entry \(chunk.id)")
                if index <= model.durable {
                    let expected = model.log[Int(index.rawValue) - 1]
                    #expect(chunk.bytes == expected.bytes, "\(what): entry \(index) of \(id)")
                }
                #expect(chunk.header.index == index, "\(what): order")
                #expect(next.store.term(id, at: index) == chunk.header.term, "\(what): term")
                after.log.append(chunk)
                index = index.next
            }
        }
        after.durable = last
        // Raft never takes back what was committed, although this replica may not know it yet.
        after.commit = min(model.commit, last)
        after.hard = hard
        after.hardAsked = []
        after.term = Term((after.log.map { $0.header.term.rawValue }.max() ?? 0) + 1)
        after.term = max(after.term, model.term.next)
        #expect(found?.lastChunk?.bytes == after.log.last?.bytes, "\(what): last chunk")
        return after
    }

    /// Reads from memory or from a segment, at least one chunk.
    func read(_ group: GroupID, from index: LogIndex) throws -> [Chunk] {
        if let chunk = store.chunk(group, at: index) { return [chunk] }
        let plan = try #require(store.plan(group, from: index, byteBudget: 2_000), "\(index)")
        let chunks = try plan.run(on: disk)
        return try #require(chunks.isEmpty ? nil : chunks, "nothing at \(index)")
    }
}
