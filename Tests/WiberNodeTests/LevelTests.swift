import Testing
import WiberBase
import WiberMeta
import WiberRaft
import WiberTopic
import WiberWire

@testable import WiberNode

@Suite("Nodes of different releases in one cluster")
struct LevelTests {
    private func lab(_ release: Release = .old, nodes: Int = 3, seed: UInt64 = 1) -> NodeLab {
        var options = NodeLab.Options()
        options.nodes = nodes
        options.seed = seed
        options.release = release
        let lab = NodeLab(options)
        #expect(lab.publish(node: 0, "news", "a") != nil)
        #expect(lab.run { isReady(lab) })
        return lab
    }

    private func isReady(_ lab: NodeLab) -> Bool {
        lab.machines.allSatisfy { $0.core.map { $0.readiness() == nil } ?? false }
    }

    private func change(_ lab: NodeLab, _ place: Int, to release: Release) {
        lab.kill(place)
        lab.machines[place].release = release
        lab.start(place)
    }

    private func levels(_ lab: NodeLab) -> [UInt16] {
        lab.machines.compactMap { $0.core?.meta.level.rawValue }
    }

    private func cluster(_ lab: NodeLab, _ place: Int) -> String {
        String(decoding: lab.machines[place].core?.clusterJSON() ?? [], as: UTF8.self)
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func `the level rises once the last node has a release that knows it`(seed: UInt64) throws {
        let lab = lab(seed: seed)
        for place in [1, 2] {
            change(lab, place, to: .new)
            #expect(lab.run { isReady(lab) })
            lab.run(for: .seconds(3))
            #expect(levels(lab) == [1, 1, 1])
        }
        #expect(cluster(lab, 1).contains(#""feature_level_waits_for":"n1 knows 1""#))
        #expect(cluster(lab, 1).contains(#""version":"0.1","feature_level_min":1"#))
        change(lab, 0, to: .new)
        #expect(lab.run { levels(lab) == [2, 2, 2] })
        #expect(lab.run { isReady(lab) })
        // What comes with the level: the log says what each node runs.
        #expect(
            lab.run {
                lab.machines.allSatisfy { machine in
                    machine.core?.meta.nodes.map(\.software) == ["0.2", "0.2", "0.2"]
                }
            }
        )
        lab.run(for: .seconds(1))
        let last = lab.machines[0].core?.groups[0].raft?.commitIndex ?? .zero
        lab.run(for: .seconds(5))
        #expect(lab.machines[0].core?.groups[0].raft?.commitIndex == last, "nothing is said twice")
        for place in lab.machines.indices { lab.kill(place) }
        for place in lab.machines.indices { lab.start(place) }
        #expect(lab.run { levels(lab) == [2, 2, 2] })
        #expect(lab.publish(node: 1, "news", "b") != nil)
    }

    @Test func `below level 2 the log does not say what nodes run`() throws {
        let lab = lab()
        #expect(
            lab.run { lab.machines[0].core?.meta.nodes.allSatisfy { $0.levels != nil } == true }
        )
        for place in [0, 1] { change(lab, place, to: .new) }
        lab.run(for: .seconds(5))
        let nodes = try #require(lab.machines[0].core?.meta.nodes)
        #expect(nodes.map(\.levels?.max.rawValue) == [2, 2, 1])
        #expect(nodes.map(\.software) == [nil, nil, nil])
        let place = try #require(lab.machines.firstIndex { $0.core?.decidesMeta == true })
        let core = try #require(lab.machines[place].core)
        let last = core.groups[0].raft?.lastIndex
        core.propose(.announce(NodeID(1), .supported, software: "0.2"))
        #expect(core.groups[0].raft?.lastIndex == last, "it is not proposed either")
    }

    @Test func `a node that is down holds the level, and one that leaves does not`() throws {
        let lab = lab(nodes: 4)
        lab.kill(3)
        for place in 0...2 { change(lab, place, to: .new) }
        lab.run(for: .seconds(6))
        #expect(levels(lab) == [1, 1, 1])
        #expect(cluster(lab, 0).contains(#""feature_level_waits_for":"n4 is not up""#))
        #expect(lab.administer(at: 0, .removeNode("n4")) == .done)
        #expect(lab.run { levels(lab) == [2, 2, 2] })
    }

    @Test func `a node whose release is too old is refused, and both sides say why`() throws {
        let lab = lab(.new)
        #expect(lab.run { levels(lab) == [2, 2, 2] })
        lab.run(for: .seconds(1))
        // Its own disk says so.
        change(lab, 1, to: .old)
        let failure = try #require(lab.machines[1].failure)
        #expect(failure.contains("the data directory of n2 was written by wiber 0.2"), "\(failure)")
        #expect(lab.publish(node: 0, "news", "b") != nil)
        change(lab, 1, to: .new)
        #expect(lab.run { isReady(lab) })
        #expect(lab.machines[1].failure == nil)

        // An empty one does not: the others do.
        lab.wipe(2)
        lab.machines[2].release = .old
        #expect(lab.run { lab.machines.contains { $0.core?.decidesMeta == true } })
        #expect(lab.administer(at: 0, .replaceNode("n3", by: nil)) == .done)
        lab.start(2)
        lab.run(for: .seconds(5))
        let core = try #require(lab.machines[2].core)
        let words = "the cluster is at feature level 2, and node n3 (wiber 0.1) knows 1"
        #expect(core.readiness()?.contains(words) == true, "\(core.readiness() ?? "")")
        #expect(lab.story.contains { $0.contains("n1: node refused") && $0.contains(words) })
        #expect(lab.publish(node: 1, "news", "c") != nil)
        #expect(lab.machines[0].core?.meta.node(named: "n3")?.storeID == .zero, "it is not let in")
        change(lab, 2, to: .new)
        #expect(lab.run(within: .seconds(30)) { isReady(lab) })
        #expect(lab.run { lab.machines[2].core?.meta.level == .software })
    }

    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func `who went back to an old release before the level rose is told when it comes`(
        seed: UInt64
    ) throws {
        let lab = lab(.new, seed: seed)
        // The superblock may not have it yet: then the others say so.
        #expect(lab.run { levels(lab).contains(2) })
        let place = Int(seed % 3)
        lab.cutPower(place)
        lab.machines[place].release = .old
        lab.start(place)
        lab.run(for: .seconds(5))
        let text = lab.machines[place].failure ?? lab.machines[place].core?.readiness() ?? ""
        #expect(text.contains("feature level 2"), "\(text)")
        let others = lab.machines.indices.filter { $0 != place }
        #expect(lab.run { others.allSatisfy { lab.machines[$0].core?.meta.level == .software } })
        #expect(lab.publish(node: others[0], "news", "b") != nil)
        change(lab, place, to: .new)
        #expect(lab.run { isReady(lab) })
    }

    @Test func `a node that is a release ahead works at the cluster's level, or waits`() throws {
        let lab = lab()
        var ahead = Release(name: "0.3", levels: LevelRange(.base, FeatureLevel(rawValue: 3)))
        change(lab, 2, to: ahead)
        #expect(lab.run { isReady(lab) })
        ahead.levels = LevelRange(.software, FeatureLevel(rawValue: 3))
        change(lab, 2, to: ahead)
        let failure = try #require(lab.machines[2].failure)
        #expect(failure.contains("use a release that knows level 1"), "\(failure)")
    }

    @Test func `nodes use the highest version of the protocol that both speak`() throws {
        let lab = lab(.new)
        var next = Release.new
        next.wire = WireVersions(5, 6)
        change(lab, 0, to: next)
        #expect(lab.run { isReady(lab) })
        change(lab, 1, to: next)
        #expect(lab.run { isReady(lab) })
        let core = try #require(lab.machines[0].core)
        #expect(core.peers.dropFirst().map(\.wireVersion) == [6, 5])
        #expect(lab.publish(node: 0, "news", "b") != nil)
        #expect(lab.run { lab.isSettled("news") })

        next.wire = WireVersions(6, 6)
        change(lab, 0, to: next)
        lab.run(for: .seconds(5))
        let words = "node n1 speaks version 6 of the protocol between nodes, and node n3 version 5"
        #expect(lab.story.contains { $0.contains("n3: node refused") && $0.contains(words) })
        #expect(lab.story.contains { $0.contains("n1: this node was refused") })
        #expect(lab.publish(node: 1, "news", "c") != nil)
    }

    @Test func `a node of the protocol's version 4 is told so in its own version`() throws {
        let lab = lab(.new)
        let core = try #require(lab.machines[0].core)
        let connection = ConnectionID(rawValue: 9_000)
        lab.handle(0, .peerAccepted(connection, address: "10.0.0.9:1"))
        var bytes: [UInt8] = []
        FrameWriter.write(.goodbye, sequence: 1, version: 4, into: &bytes)
        var effects: [ShardEffect] = []
        core.endTurn(at: lab.time(0), effects: &effects)
        bytes.withUnsafeBytes { core.receive(connection, $0, at: lab.time(0)) }
        core.endTurn(at: lab.time(0), effects: &effects)
        var answer: [UInt8] = []
        var reason = ""
        for effect in effects {
            if case .write(connection, let bytes) = effect { answer = bytes }
            if case .close(connection, let text) = effect { reason = text }
        }
        try #require(answer.count > 21)
        #expect(answer[4...5] == [2, 4], "an answer to a greeting, in version 4")
        #expect(answer[20] == HelloRefusal.version.rawValue)
        let text = String(decoding: answer, as: UTF8.self)
        #expect(text.contains("speaks version 5 of the protocol"), "\(text)")
        #expect(reason.contains("10.0.0.9:1 speaks version 4"), "\(reason)")
    }

    @Test func `a command of the meta log that nobody knows stops the node that reads it`() throws {
        let lab = lab(nodes: 1)
        let core = try #require(lab.machines[0].core)
        let raft = try #require(core.groups[0].raft)
        let chunk = core.groups[0].topic.control(
            .meta,
            [4, 99],
            group: .meta,
            entry: EntryID(index: raft.lastIndex.next, term: raft.currentTerm),
            wall: Timestamp(1)
        )
        core.propose(0, chunk)
        #expect(lab.run { lab.machines[0].failure != nil })
        #expect(lab.machines[0].failure?.contains("start node n1 with the release") == true)
    }
}
