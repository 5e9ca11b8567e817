import Testing
import WiberBase
import WiberMeta
import WiberRaft

@testable import WiberNode

@Suite("Topics are only on nodes that they may be on")
struct PlacementTests {
    /// Six nodes in three zones, the odd ones with a fast disk.
    private static let tags = [
        ["ssd", "zone:a"], ["zone:a"], ["ssd", "zone:b"], ["zone:b"], ["ssd", "zone:c"], ["zone:c"],
    ]

    /// A cluster that knows all tags, and then the topic `news`.
    private func lab(
        _ placement: TopicConfiguration.Placement = .init(),
        replicas: Int = 3,
        seed: UInt64 = 1
    ) -> NodeLab {
        var options = NodeLab.Options()
        options.nodes = Self.tags.count
        options.tags = Self.tags
        options.seed = seed
        let lab = NodeLab(options)
        #expect(lab.run { areTagsKnown(lab) })
        var topic = TopicConfiguration(name: "news", replicas: replicas)
        topic.placement = placement
        #expect(lab.administer(at: 1, .createTopic(topic)) == .done)
        return lab
    }

    private func areTagsKnown(_ lab: NodeLab) -> Bool {
        lab.machines.allSatisfy { $0.core?.meta.nodes.map(\.tags) == Self.tags }
    }

    private func isHeld(_ lab: NodeLab, by places: [Int]) -> Bool {
        lab.isSettled("news") && lab.replicas("news") == places
            && lab.machines.allSatisfy { machine in
                guard let meta = machine.core?.meta, let id = meta.group(named: "news") else {
                    return machine.core == nil
                }
                return meta.topic(id)?.move == nil
            }
    }

    private func update(
        _ lab: NodeLab,
        at place: Int,
        _ change: (inout TopicChanges) -> Void
    ) -> AdminOutcome? {
        var changes = TopicChanges()
        change(&changes)
        return lab.administer(at: place, .updateTopic(name: "news", changes))
    }

    private func refusal(_ outcome: AdminOutcome?) -> String {
        if case .refused(let text)? = outcome { return text }
        return "not refused: \(String(describing: outcome))"
    }

    /// Starts a machine again that says something else of itself.
    private func retag(_ lab: NodeLab, _ place: Int, _ tags: [String]) {
        lab.kill(place)
        lab.machines[place].tags = tags
        lab.start(place)
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func `a topic of the configuration waits for the tags, and is where they are`(seed: UInt64) {
        var topic = TopicConfiguration(name: "news", replicas: 3)
        topic.placement = .init(tags: ["ssd"], spread: "zone")
        var options = NodeLab.Options()
        options.nodes = Self.tags.count
        options.tags = Self.tags
        options.seed = seed
        options.topics = [topic]
        let lab = NodeLab(options)
        #expect(lab.run { isHeld(lab, by: [0, 2, 4]) })
        #expect(lab.publish(node: 1, "news", "x") == 1)
        #expect(lab.run { areTagsKnown(lab) })
        let json = lab.machines[5].core.map { String(decoding: $0.clusterJSON(), as: UTF8.self) }
        #expect(json?.contains(#""tags":["ssd","zone:b"]"#) == true)
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func `another placement moves the topic while it is used, and every message is kept`(
        seed: UInt64
    ) throws {
        let lab = lab(.init(tags: ["ssd"]), seed: seed)
        #expect(lab.run { isHeld(lab, by: [0, 2, 4]) })
        let client = lab.connect(to: 1)
        lab.ask(client, (0..<40).map { "PUBID news \($0) text-\($0)" })
        let early = update(lab, at: 3) { $0.placementTags = ["zone:a"] }
        #expect(refusal(early).contains("and 2 will do"))
        #expect(lab.administer(at: 3, .setReplicas(name: "news", 2)) == .done)
        #expect(lab.run { lab.replicas("news").count == 2 })
        #expect(update(lab, at: 3) { $0.placementTags = ["zone:a"] } == .done)
        #expect(lab.run(within: .seconds(30)) { isHeld(lab, by: [0, 1]) })
        let unanswered = lab.answers(client).enumerated().filter { !$1.hasPrefix("OK ") }
        let again = lab.connect(to: 1)
        lab.ask(again, unanswered.map { "PUBID news \($0.offset) text-\($0.offset)" })
        #expect(lab.answers(again).allSatisfy { $0.hasPrefix("OK ") })
        #expect(lab.run { lab.messages("news", 1).count == 40 })
        // Without a placement it stays where it is.
        #expect(update(lab, at: 0) { $0.placementTags = [] } == .done)
        lab.run(for: .seconds(3))
        #expect(isHeld(lab, by: [0, 1]))
    }

    @Test func `what cannot be is refused, and the words say which nodes have which tags`() {
        let lab = lab(.init(spread: "zone"))
        #expect(lab.run { lab.isSettled("news") })
        let all = "n1 has ssd zone:a, n2 has zone:a, n3 has ssd zone:b"
        var other = TopicConfiguration(name: "other", replicas: 4)
        other.placement.tags = ["ssd"]
        for (outcome, words) in [
            (
                lab.administer(at: 1, .createTopic(other)),
                "4 replicas on nodes with ssd need as many nodes, and 3 will do: " + all
            ),
            (
                lab.administer(at: 1, .setReplicas(name: "news", 5)),
                "5 replicas on nodes, each of another zone, need as many nodes, and 3 will do: "
                    + all
            ),
            (
                update(lab, at: 1) { $0.placementTags = ["tape"] },
                "on nodes with tape, each of another zone, need as many nodes, and 0 will do: "
                    + all
            ),
            (
                lab.administer(at: 1, .moveTopic(name: "news", nodes: ["n1", "n2", "n3"])),
                "not right for the topic, which is to be on nodes, each of another zone: " + all
            ),
        ] {
            #expect(refusal(outcome).contains(words), "\(refusal(outcome))")
        }
        #expect(lab.publish(node: 0, "news", "x") == 1)
    }

    @Test(arguments: 1...3 as ClosedRange<UInt64>)
    func `a drained node and one that leaves give topics only to those that may have them`(
        seed: UInt64
    ) {
        let lab = lab(.init(spread: "zone"), seed: seed)
        #expect(lab.run { isHeld(lab, by: [0, 2, 4]) })
        #expect(lab.administer(at: 1, .drain(node: "n1", true)) == .done)
        #expect(lab.run(within: .seconds(30)) { isHeld(lab, by: [1, 2, 4]) })
        #expect(lab.administer(at: 1, .removeNode("n3")) == .done)
        #expect(lab.run(within: .seconds(30)) { isHeld(lab, by: [1, 3, 4]) })
        // The last one of its zone stays, drained or not, and does not leave.
        #expect(lab.administer(at: 1, .drain(node: "n4", true)) == .done)
        lab.run(for: .seconds(3))
        #expect(isHeld(lab, by: [1, 3, 4]))
        #expect(lab.administer(at: 1, .drain(node: "n4", false)) == .done)
        let words = "without n4, topic news has no place: 3 replicas on nodes"
        #expect(refusal(lab.administer(at: 1, .removeNode("n4"))).contains(words))
        #expect(lab.publish(node: 1, "news", "x") == 1)
    }

    @Test(arguments: 1...3 as ClosedRange<UInt64>)
    func `a node whose tags change gives away what it may not hold any more`(seed: UInt64) {
        let lab = lab(.init(tags: ["ssd"]), replicas: 2, seed: seed)
        #expect(lab.run { isHeld(lab, by: [0, 2]) })
        #expect(lab.publish(node: 1, "news", "x") == 1)
        retag(lab, 0, ["zone:a"])
        #expect(lab.run(within: .seconds(30)) { isHeld(lab, by: [2, 4]) })
        // With nowhere to go it stays, and moves once there is a place.
        retag(lab, 2, [])
        lab.run(for: .seconds(3))
        #expect(isHeld(lab, by: [2, 4]))
        let metric = lab.machines[4].core?.metrics().first { $0.name == "wiber_topics_misplaced" }
        #expect(metric?.value == 1)
        retag(lab, 5, ["ssd"])
        #expect(lab.run(within: .seconds(30)) { isHeld(lab, by: [4, 5]) })
        #expect(lab.messages("news", 5).map(\.text) == ["x"])
        #expect(lab.machines.compactMap(\.failure) == [])
    }

    @Test func `a node that joins, or takes another's place, gets topics once its tags are known`()
    {
        let lab = lab(.init(tags: ["ssd"]))
        #expect(lab.run { isHeld(lab, by: [0, 2, 4]) })
        #expect(lab.publish(node: 1, "news", "x") == 1)
        lab.wipe(4)
        #expect(lab.administer(at: 1, .replaceNode("n5", by: nil)) == .done)
        lab.run(for: .seconds(3))
        let meta = lab.machines[1].core?.meta
        #expect(meta?.group(named: "news").flatMap { meta?.topic($0) }?.move == nil)
        lab.start(4)
        #expect(lab.run(within: .seconds(30)) { isHeld(lab, by: [0, 2, 4]) })
        #expect(lab.run { lab.messages("news", 4).map(\.text) == ["x"] })
    }

    @Test func `without tags nothing is written down, and nothing moves`() {
        let lab = NodeLab.news()
        lab.run(for: .seconds(2))
        let last = lab.machines[0].core?.groups[0].raft?.commitIndex
        lab.run(for: .seconds(5))
        #expect(lab.machines[0].core?.groups[0].raft?.commitIndex == last)
        #expect(!lab.story.contains { $0.contains("tags were changed") })
    }
}
