import Testing
import WiberBase
import WiberMeta

@Suite("Topics that are being restored, as meta knows them")
struct RestoreTests {
    private func restored(_ name: String, backup: UInt64 = 1) -> TopicConfiguration {
        var topic = topic(name)
        topic.restoredFrom = UniqueID(high: 0, low: backup)
        topic.isRestoring = true
        return topic
    }

    private func create(_ topic: TopicConfiguration) -> MetaCommand {
        .createTopic(topic, replicas: [NodeID(1)])
    }

    @Test func `a topic is restored once, and then as any other`() {
        var state = MetaState.formed()
        state.create(restored("orders"), replicas: 3, at: 5)
        #expect(state.topic(GroupID(5))?.configuration.isRestoring == true)
        #expect(state.refusal(of: .restored(GroupID(5))) == nil)
        let changes = state.apply(.restored(GroupID(5)), at: LogIndex(6))
        #expect(changes == [.topicUpdated(GroupID(5), before: restored("orders"))])
        var after = restored("orders")
        after.isRestoring = false
        #expect(state.topic(GroupID(5))?.configuration == after)
        #expect(state.apply(.restored(GroupID(5)), at: LogIndex(7)) == [])
        #expect(state.refusal(of: .restored(GroupID(5)))?.contains("not being restored") == true)
        #expect(state.refusal(of: .restored(GroupID(9)))?.contains("no such topic") == true)
    }

    @Test func `to go on with a restore is no new topic, and nothing else passes for it`() {
        var state = MetaState.formed()
        state.create(restored("orders"), replicas: 3, at: 5)
        #expect(state.refusal(of: create(restored("orders"))) == nil)
        #expect(state.apply(create(restored("orders")), at: LogIndex(6)) == [])
        for (topic, words) in [
            (restored("orders", backup: 2), "from another backup"),
            (topic("orders"), "is being restored"),
        ] {
            #expect(state.refusal(of: create(topic))?.contains(words) == true)
        }
        _ = state.apply(.restored(GroupID(5)), at: LogIndex(7))
        #expect(state.refusal(of: create(restored("orders")))?.contains("--as") == true)
    }

    @Test func `an update neither ends a restore nor begins one`() {
        var state = MetaState.formed()
        state.create(restored("orders"), replicas: 3, at: 5)
        state.create(topic("other", ["other"]), replicas: 3, at: 6)
        let end = MetaCommand.updateTopic(
            GroupID(5),
            from: restored("orders"),
            to: topic("orders")
        )
        var same = topic("other", ["other"])
        same.restoredFrom = sampleCluster
        same.isRestoring = true
        let begin = MetaCommand.updateTopic(
            GroupID(6),
            from: topic("other", ["other"]),
            to: same
        )
        #expect(state.apply(end, at: LogIndex(7)).isEmpty)
        #expect(state.apply(begin, at: LogIndex(8)).isEmpty)
        var changed = restored("orders")
        changed.description = "still being restored"
        let update = MetaCommand.updateTopic(GroupID(5), from: restored("orders"), to: changed)
        #expect(state.apply(update, at: LogIndex(9)).count == 1)
        #expect(state.topic(GroupID(5))?.configuration.isRestoring == true)
    }
}
