import Testing
import WiberBackup
import WiberBase
import WiberTopic

@testable import WiberNode

@Suite("A restored topic is what was backed up")
struct RestoreTests {
    /// A topic with ids, subjects, and messages that are gone from front, middle and end.
    private func source(
        seed: UInt64 = 1,
        _ change: (inout TopicConfiguration) -> Void = { _ in }
    )
        throws -> NodeLab
    {
        let lab = NodeLab.news(seed: seed, change)
        lab.fill("news", rounds: 30)
        for number in 0..<30 {
            lab.ask(node: number % 3, "PUBID news id\(number) with an id", "PUB news.eu \(number)")
        }
        #expect(lab.administer(at: 0, .purge(topic: "news", before: Sequence(41))) == .done)
        for sequence in [100, 101, 102, 200, 330, 359, 360] as [UInt64] {
            #expect(lab.administer(at: 1, .remove(topic: "news", Sequence(sequence))) == .done)
        }
        #expect(lab.run { lab.isSettled("news") })
        return lab
    }

    private func expectSame(_ lab: NodeLab, _ name: String) throws {
        #expect(lab.run { lab.isSettled(name) })
        let messages = lab.messages(of: "news", at: 0)
        // The last message is gone: the source still knows when it came.
        func figures(_ topic: String, _ place: Int) -> [String] {
            lab.figures(of: topic, at: place).filter { !$0.hasPrefix("last_time") }
        }
        for place in 0..<3 {
            #expect(lab.messages(of: name, at: place) == messages)
            #expect(figures(name, place) == figures("news", place))
        }
    }

    /// Cuts what a block has in two, so that there is something to interrupt.
    private func small(_ blocks: [[UInt8]], messages most: Int = 25) throws -> [[UInt8]] {
        var writer = BlockWriter()
        var builder = MessageBlockBuilder()
        var small: [[UInt8]] = []
        for bytes in blocks {
            let block = try Block.decode(bytes[...])
            guard block.kind == .messages else {
                if builder.count > 0 { small.append(writer.block(.messages, builder.finish())) }
                small.append(writer.block(block.kind, Array(block.payload)))
                continue
            }
            for message in try MessageBlock(block).messages {
                try message.body.withUnsafeBytes { bytes in
                    let body = try MessageBody.decode(bytes)
                    let hasRoom = builder.append(message.sequence, message.time, body)
                    #expect(hasRoom)
                }
                if builder.count == most { small.append(writer.block(.messages, builder.finish())) }
            }
        }
        try NodeLab.check(small)
        return small
    }

    @Test(arguments: 1...3 as ClosedRange<UInt64>)
    func `sequences, times, subjects, ids and statistics are those of the source`(
        seed: UInt64
    ) throws {
        let lab = try source(seed: seed)
        try lab.restore(lab.backUp("news", at: 2), as: "copy", at: 1)
        try expectSame(lab, "copy")
        #expect(lab.figures(of: "copy", at: 0).contains("removed 7"))
        #expect(lab.publish(node: 0, "copy", "more") == 361)
        let history = lab.messages(of: "copy", at: 0, from: 361)
        #expect(history.contains("\"subject\":\"copy\""))
        // All of it survives a start, and can be backed up and restored again.
        for place in 0..<3 { lab.cutPower(place) }
        for place in 0..<3 { lab.start(place) }
        #expect(lab.run { lab.isSettled("copy") && lab.isSettled("news") })
        #expect(lab.publish(node: 1, "copy", "after a start") == 362)
        try lab.restore(lab.backUp("copy", at: 0), as: "third", at: 2)
        #expect(lab.messages(of: "third", at: 1) == lab.messages(of: "copy", at: 0))
    }

    @Test func `another cluster gets it, too, whatever its clocks say`() throws {
        let blocks = try source().backUp("news", at: 0)
        let lab = NodeLab.news(seed: 9)
        for machine in lab.machines { machine.clockAhead = 3_600_000_000_000 }
        try lab.restore(blocks, as: "copy", at: 0)
        let again = lab.backUp("copy", at: 1)
        #expect(try NodeLab.topic(again).totals == NodeLab.topic(blocks).totals)
        let messages = try [blocks, again].map { blocks in
            try blocks.dropFirst().dropLast().flatMap {
                try MessageBlock(try Block.decode($0[...])).messages
            }
        }
        #expect(messages[0] == messages[1])
    }

    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func `leaders that die and restarts in the middle lose, double and reorder nothing`(
        seed: UInt64
    ) throws {
        let lab = try source(seed: seed)
        let blocks = try small(lab.backUp("news", at: 0))
        #expect(try lab.beginRestore(blocks, as: "copy", at: 0) == .done)
        for (place, block) in blocks.dropFirst().enumerated() {
            let asked = (place + Int(seed)) % 3
            if place % 4 == 1,
                let leader = lab.run(until: { lab.leader("copy") != nil })
                    ? lab.leader("copy") : nil
            {
                // The block is under way when the leader dies.
                let living = (leader + 1) % 3
                lab.handle(living, .admin(900, .importBlock(topic: "copy", block)))
                lab.run(for: lab.microseconds(100...6_000))
                if seed % 2 == 0 { lab.cutPower(leader) } else { lab.kill(leader) }
                #expect(lab.give(block, to: "copy", at: living) == .done)
                lab.start(leader)
            }
            if place == 6 {
                for node in 0..<3 { lab.kill(node) }
                for node in 0..<3 { lab.start(node) }
                #expect(lab.run { lab.isSettled("copy") })
            }
            #expect(lab.give(block, to: "copy", at: asked) == .done)
            if place > 3 {
                // What was given before changes nothing.
                #expect(lab.give(blocks[2], to: "copy", at: asked) == .done)
            }
        }
        #expect(lab.administer(at: 1, .finishRestore(topic: "copy")) == .done)
        #expect(lab.run { lab.isSettled("news") })
        try expectSame(lab, "copy")
        for place in 1..<3 { #expect(lab.digests("copy", place) == lab.digests("copy", 0)) }
        #expect(lab.publish(node: 2, "copy", "more") == 361)
    }

    @Test func `until it is whole it takes no publish and no purge, and nothing leaves`() throws {
        let lab = try source {
            $0.retention.maxAge = 3_600_000_000_000
            $0.deleteAfterIdle = 30_000_000_000
        }
        lab.ask(node: 0, "PUB news fresh")
        let blocks = try small(lab.backUp("news", at: 0))
        for machine in lab.machines { machine.clockAhead = 7_200_000_000_000 }
        for place in 0..<3 { lab.kill(place) }
        for place in 0..<3 { lab.start(place) }
        #expect(lab.run { lab.isSettled("news") })
        #expect(try lab.beginRestore(blocks, as: "copy", at: 0) == .done)
        for block in blocks.dropFirst().dropLast(2) { lab.give(block, to: "copy", at: 1) }
        lab.run(for: .seconds(60))
        for place in 0..<3 {
            let reply = lab.ask(node: place, "PUB copy no", "PUBID copy x no")
            #expect(reply.allSatisfy { $0.hasPrefix("ERR RESTORING topic copy is being restored") })
            #expect(lab.firstSequence("copy", place) == 41)
        }
        for command in [
            AdminCommand.purge(topic: "copy", before: Sequence(50)),
            .remove(topic: "copy", Sequence(50)),
        ] {
            guard case .refused(let text)? = lab.administer(at: 0, command) else {
                Issue.record("nothing may leave")
                return
            }
            #expect(text.contains("is being restored; let `wiber restore` end"))
        }
        guard case .refused(let text)? = lab.administer(at: 2, .beginBackup(topic: "copy")) else {
            Issue.record("it is not whole")
            return
        }
        #expect(text.contains("is being restored; back it up when that is done"))
        for block in blocks.suffix(2) { #expect(lab.give(block, to: "copy", at: 1) == .done) }
        #expect(lab.administer(at: 0, .finishRestore(topic: "copy")) == .done)
        #expect(lab.run { (0..<3).allSatisfy { lab.firstSequence("copy", $0) == 362 } })
        #expect(lab.publish(node: 0, "copy", "yes") == 362)
        #expect(lab.run(within: .seconds(60)) { lab.leader("copy") == nil })
    }

    @Test func `limits of subjects and of messages hold once it is whole, over all that is gone`()
        throws
    {
        let lab = NodeLab.news()
        for round in 0..<200 {
            lab.ask(node: round % 3, "PUB news.a \(round)", "PUB news.b \(round)", "PUB news.c x")
        }
        for sequence in stride(from: 3, through: 600, by: 3) {
            let command = AdminCommand.remove(topic: "news", Sequence(UInt64(sequence)))
            #expect(lab.administer(at: 0, command) == .done)
        }
        let blocks = lab.backUp("news", at: 1)
        try lab.restore(blocks, as: "short", at: 0)
        try lab.restore(blocks, as: "keys", at: 0)
        var changes = TopicChanges()
        changes.maxMessages = 7
        #expect(lab.administer(at: 0, .updateTopic(name: "short", changes)) == .done)
        #expect(lab.run { (0..<3).allSatisfy { lab.firstSequence("short", $0) == 590 } })
        changes = TopicChanges()
        changes.maxPerSubject = 2
        #expect(lab.administer(at: 0, .updateTopic(name: "keys", changes)) == .done)
        #expect(lab.run { (0..<3).allSatisfy { lab.firstSequence("keys", $0) == 595 } })
        #expect(lab.figures(of: "keys", at: 2).contains("messages 4"))
        #expect(lab.publish(node: 0, "keys", "more") == 601)
    }

    @Test func `a repeat of a restored id is known`() throws {
        let lab = try source()
        try lab.restore(lab.backUp("news", at: 0), as: "copy", at: 0)
        let first = lab.ask(node: 1, "PUBID news id3 again")
        #expect(first == ["OK 307 duplicate"])
        #expect(lab.ask(node: 1, "PUBID copy id3 again") == first)
        #expect(lab.ask(node: 2, "PUBID copy other again") == ["OK 361"])
    }

    @Test func `what does not belong to the restore is refused, and says what to do`() throws {
        let lab = try source()
        let blocks = try small(lab.backUp("news", at: 0))
        let others = lab.backUp("news", at: 0)
        func refusal(_ outcome: AdminOutcome?) -> String {
            if case .refused(let text)? = outcome { return text }
            return "\(String(describing: outcome))"
        }
        #expect(try lab.beginRestore(blocks, as: "copy", at: 0) == .done)
        #expect(try lab.beginRestore(blocks, as: "copy", at: 1) == .done)
        #expect(
            refusal(try lab.beginRestore(others, as: "copy", at: 0)).contains("from another backup")
        )
        #expect(refusal(try lab.beginRestore(blocks, as: "news", at: 0)).contains("--as"))
        #expect(
            refusal(
                lab.administer(at: 0, .createTopic(TopicConfiguration(name: "copy", replicas: 3)))
            )
            .contains("is being restored")
        )
        for block in [blocks[2], blocks[4], blocks.last ?? []] {
            #expect(refusal(lab.give(block, to: "copy", at: 1)).contains("come first"))
        }
        #expect(refusal(lab.give(blocks[0], to: "copy", at: 1)).contains("damaged"))
        for place in [0, 5, 9, 13, 30, blocks[1].count - 1] {
            var damaged = blocks[1]
            damaged[place] ^= 1
            #expect(refusal(lab.give(damaged, to: "copy", at: 2)).contains("damaged"))
        }
        #expect(refusal(lab.give([], to: "copy", at: 2)).contains("damaged"))
        #expect(refusal(lab.give(blocks[1], to: "news", at: 2)).contains("is not being restored"))
        #expect(
            refusal(lab.administer(at: 0, .finishRestore(topic: "news")))
                .contains("not being restored")
        )
        // An end that says more than there is.
        #expect(lab.give(blocks[1], to: "copy", at: 0) == .done)
        let end = EndBlock(
            last: Sequence(50),
            nextSequence: Sequence(361),
            totals: BackupTotals(messages: 10, bytes: 3)
        )
        var writer = BlockWriter()
        let wrong = writer.block(.end, end.payload)
        #expect(refusal(lab.give(wrong, to: "copy", at: 0)).contains("delete the topic"))
        #expect(lab.administer(at: 0, .deleteTopic(name: "copy")) == .done)
        try lab.restore(blocks, as: "copy", at: 0)
        try expectSame(lab, "copy")
    }
}
