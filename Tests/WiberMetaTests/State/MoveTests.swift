import Testing
import WiberBase
import WiberMeta

@Suite("Topics that change and move")
struct MoveTests {
    private let group = GroupID(5)

    private func nodes(_ ids: UInt64...) -> [NodeID] { ids.map { NodeID($0) } }

    private func member(_ id: UInt64, since: UInt64) -> NodeID {
        NodeID(NodeID(id), since: LogIndex(since))
    }

    /// Five nodes, and a topic on the first three.
    private var state: MetaState {
        var state = MetaState.formed(nodes: 5)
        state.create(topic("a"), replicas: 3, at: 5)
        return state
    }

    @Test func `old and new nodes hold a topic until its own log has settled`() {
        var state = state
        let begun = state.apply(.move(group, to: nodes(2, 3, 4)), at: LogIndex(9))
        #expect(begun == [.topicMoved(group)])
        #expect(state.topic(group)?.replicas == nodes(1, 2, 3) + [member(4, since: 9)])
        #expect(state.topic(group)?.move?.target == nodes(2, 3) + [member(4, since: 9)])
        let members = nodes(2, 3) + [member(4, since: 9)]
        let settled = MetaCommand.settled(group, move: LogIndex(9), members: members)
        #expect(state.apply(settled, at: LogIndex(12)) == [.topicMoved(group)])
        #expect(state.topic(group)?.replicas == members)
        #expect(state.topic(group)?.move == nil)
        #expect(state.apply(settled, at: LogIndex(13)) == [])
    }

    @Test func `who comes back is another member`() {
        var state = state
        _ = state.apply(.move(group, to: nodes(2, 3)), at: LogIndex(9))
        _ = state.apply(
            .settled(group, move: LogIndex(9), members: nodes(2, 3)),
            at: LogIndex(10)
        )
        _ = state.apply(.move(group, to: nodes(1, 2, 3)), at: LogIndex(11))
        #expect(state.topic(group)?.replicas == nodes(2, 3) + [member(1, since: 11)])
        #expect(state.topic(group)?.firstReplicas == nodes(1, 2, 3))
    }

    @Test func `another move takes the place of one that is not over`() {
        var state = state
        _ = state.apply(.move(group, to: nodes(2, 3, 4)), at: LogIndex(9))
        _ = state.apply(.move(group, to: nodes(1, 2, 5)), at: LogIndex(11))
        let all = nodes(1, 2, 3) + [member(4, since: 9), member(5, since: 11)]
        #expect(state.topic(group)?.replicas == all)
        // Word of the old move is void.
        let old = nodes(2, 3) + [member(4, since: 9)]
        #expect(
            state.apply(.settled(group, move: LogIndex(9), members: old), at: LogIndex(12)) == []
        )
        // Who is in the log is known; who was never asked for cannot be.
        let foreign = [member(3, since: 2)]
        let lie = MetaCommand.settled(group, move: LogIndex(11), members: foreign)
        #expect(state.apply(lie, at: LogIndex(13)) == [])
        _ = state.apply(.settled(group, move: LogIndex(11), members: old), at: LogIndex(14))
        #expect(state.topic(group)?.replicas == all && state.topic(group)?.move != nil)
        _ = state.apply(
            .settled(group, move: LogIndex(11), members: nodes(1, 2)),
            at: LogIndex(15)
        )
        #expect(state.topic(group)?.replicas == nodes(1, 2) + [member(5, since: 11)])
    }

    @Test func `what cannot be is refused in words, and changes nothing if it comes`() {
        var state = state
        _ = state.apply(.drain(NodeID(4), true), at: LogIndex(6))
        var other = topic("b", ["x.*", "a.eu"])
        other.replicas = 1
        var renamed = state.topic(group)?.configuration ?? topic("?")
        renamed.name = "z"
        let now = state.topic(group)?.configuration ?? topic("?")
        var stale = now
        stale.description = "as it was"
        let commands: [(MetaCommand, String)] = [
            (.move(group, to: []), "1 to 15 nodes"),
            (.move(group, to: nodes(1, 1)), "named once"),
            (.move(group, to: nodes(9)), "must be one of the cluster's"),
            (.move(GroupID(8), to: nodes(1)), "no such topic"),
            (.move(group, to: nodes(1, 4)), "n4 is drained"),
            (.deleteTopic(GroupID(8)), "no such topic"),
            (.createTopic(topic("a"), replicas: []), "a topic of this name"),
            (.createTopic(other, replicas: []), "overlaps one of topic a"),
            (.updateTopic(group, from: now, to: renamed), "cannot change"),
            (.updateTopic(group, from: stale, to: now), "changed meanwhile"),
            (.drain(NodeID(9), true), "no such node"),
        ]
        for (place, (command, words)) in commands.enumerated() {
            let text = state.refusal(of: command)
            #expect(text?.contains(words) == true, "\(command): \(text ?? "taken")")
            if case .createTopic = command { continue }
            if case .move(group, let nodes) = command, nodes.contains(NodeID(4)) { continue }
            #expect(state.apply(command, at: LogIndex(UInt64(20 + place))) == [], "\(command)")
        }
    }

    @Test func `limits and subjects change, the key of duplicates does not`() throws {
        var state = state
        let before = try #require(state.topic(group)?.configuration)
        var after = before
        after.retention.maxMessages = 7
        after.subjects = ["c.*"]
        #expect(state.refusal(of: .updateTopic(group, from: before, to: after)) == nil)
        let changes = state.apply(.updateTopic(group, from: before, to: after), at: LogIndex(7))
        #expect(changes == [.topicUpdated(group, before: before)])
        #expect(state.group(capturing: "a.b") == nil && state.group(capturing: "c.b") == group)
        // Who looked at the topic before this change must look again.
        #expect(state.apply(.updateTopic(group, from: before, to: after), at: LogIndex(8)) == [])
        let now = after
        after.dedupKey = .content
        #expect(state.apply(.updateTopic(group, from: now, to: after), at: LogIndex(9)) == [])
    }

    @Test func `a drained node gets no topic, and the last one cannot be drained`() {
        var state = state
        for id in UInt64(1)...4 {
            #expect(state.refusal(of: .drain(NodeID(id), true)) == nil)
            #expect(state.apply(.drain(NodeID(id), true), at: LogIndex(10 + id)) != [])
        }
        #expect(state.place(replicas: 3) == nodes(5))
        #expect(state.refusal(of: .drain(NodeID(5), true))?.contains("last node") == true)
        #expect(state.apply(.drain(NodeID(2), false), at: LogIndex(20)) == [.drained(NodeID(2))])
        #expect(state.place(replicas: 1, keeping: nodes(2)) == nodes(2))
    }
}
