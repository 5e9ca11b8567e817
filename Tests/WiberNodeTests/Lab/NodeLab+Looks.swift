import Testing
import WiberBase
import WiberLog
import WiberRaft
import WiberTopic

@testable import WiberNode

/// What tests see of a node.
extension NodeLab {
    /// A message of a topic's committed log.
    struct Stored: Equatable {
        var sequence: UInt64
        var text: String
    }

    /// Three nodes that hold the topic `news`, all well.
    static func news(
        seed: UInt64 = 1,
        _ change: (inout TopicConfiguration) -> Void = { _ in }
    ) -> NodeLab {
        var topic = TopicConfiguration(name: "news", replicas: 3)
        change(&topic)
        var options = Options()
        options.seed = seed
        options.topics = [topic]
        let lab = NodeLab(options)
        #expect(lab.run { lab.isSettled("news") })
        return lab
    }

    private func group(_ topic: String, _ place: Int) -> (core: ShardCore, group: Group)? {
        guard let core = machines[place].core, let slot = core.slotOfName[Array(topic.utf8)] else {
            return nil
        }
        return (core, core.groups[slot])
    }

    /// The machine that leads a topic and that all living machines believe in.
    func leader(_ topic: String) -> Int? {
        let leaders = machines.indices.filter { group(topic, $0)?.group.isLeader == true }
        guard leaders.count == 1, let leader = leaders.first else { return nil }
        let id = machines[leader].core?.selfID
        let agree = replicas(topic).allSatisfy { group(topic, $0)?.group.leader == id }
        return agree ? leader : nil
    }

    func firstSequence(_ topic: String, _ place: Int) -> UInt64? {
        group(topic, place)?.group.topic.firstSequence.rawValue
    }

    func applied(_ topic: String, _ place: Int) -> LogIndex? { group(topic, place)?.group.applied }

    /// Whether all living nodes have applied the same, to the end of their logs.
    func isSettled(_ topic: String) -> Bool {
        guard leader(topic) != nil else { return false }
        let states = replicas(topic).compactMap { group(topic, $0)?.group }
        let ends = Set(states.map(\.applied) + states.compactMap { $0.raft?.lastIndex })
        let replicaCount = states.first?.replicas.count ?? 0
        return states.count == replicaCount && ends.count == 1
    }

    /// The living machines that have a topic's log.
    func replicas(_ topic: String) -> [Int] {
        machines.indices.filter { group(topic, $0)?.group.raft != nil }
    }

    /// Whether a topic's oldest entry is on disk only.
    func isCold(_ topic: String, _ place: Int) -> Bool {
        guard let (core, group) = group(topic, place), let first = core.store.firstIndex(group.id)
        else { return false }
        return core.store.chunk(group.id, at: first) == nil
    }

    /// A topic's committed chunks on one node, from memory and disk.
    func chunks(_ topic: String, _ place: Int) -> [Chunk] {
        guard let (core, group) = group(topic, place), var index = core.store.firstIndex(group.id)
        else { return [] }
        var found: [Chunk] = []
        while index <= group.applied {
            if let chunk = core.store.chunk(group.id, at: index) {
                found.append(chunk)
            } else if let plan = core.store.plan(group.id, from: index, byteBudget: 1 << 20),
                let read = try? plan.run(on: machines[place].disk), !read.isEmpty
            {
                found += read.filter { $0.header.index >= index }
            } else {
                Issue.record("entry \(index) of \(topic) cannot be read on n\(place + 1)")
                break
            }
            index = (found.last?.header.index ?? index).next
        }
        return found
    }

    /// The checksums of a topic's committed chunks, by index.
    func digests(_ topic: String, _ place: Int) -> [LogIndex: UInt32] {
        var found: [LogIndex: UInt32] = [:]
        for chunk in chunks(topic, place) { found[chunk.header.index] = chunk.header.checksum }
        return found
    }

    /// A topic's committed messages on one node, those that retention ended included.
    func messages(_ topic: String, _ place: Int) -> [Stored] {
        var found: [Stored] = []
        for chunk in chunks(topic, place) {
            chunk.forEachMessage { message in
                let text = String(decoding: message.body.payload, as: UTF8.self)
                found.append(Stored(sequence: message.sequence.rawValue, text: text))
                return true
            }
        }
        return found
    }

    /// Runs until every reply of a client is there.
    func answers(_ client: LabClient, within span: Instant.Span = .seconds(20)) -> [String] {
        _ = run(within: span) { client.waiting <= 0 || client.isClosed }
        return client.replies
    }

    /// Asks on a new connection and returns the replies.
    @discardableResult
    func ask(node place: Int, _ requests: String...) -> [String] {
        let client = connect(to: place)
        ask(client, requests)
        let replies = answers(client)
        disconnect(client)
        return replies
    }

    /// Gives a command of a person who runs the cluster; returns what became of it.
    @discardableResult
    func administer(
        at place: Int,
        within span: Instant.Span = .seconds(6),
        _ command: AdminCommand
    ) -> AdminOutcome? {
        let count = machines[place].outcomes.count
        handle(place, .admin(UInt64(100 + count), command))
        _ = run(within: span) { self.machines[place].outcomes.count > count }
        return machines[place].outcomes.last
    }

    /// Publishes until there is a leader; returns the sequence.
    func publish(node place: Int, _ topic: String, _ text: String) -> UInt64? {
        ask(node: place, "PUB \(topic) \(text)").first.flatMap { Reply($0).sequence }
    }
}

/// A reply to a publish.
enum Reply: Equatable {
    case stored(UInt64)
    case duplicate(UInt64)
    case unknown
    case refused(String)

    init(_ line: String) {
        let words = line.split(separator: " ")
        if words.first == "OK", words.count >= 2, let sequence = UInt64(words[1]) {
            self = words.count == 3 ? .duplicate(sequence) : .stored(sequence)
        } else if words.first == "ERR", words.count > 1, words[1] == "UNKNOWN" {
            self = .unknown
        } else {
            self = .refused(line)
        }
    }

    var sequence: UInt64? {
        switch self {
        case .stored(let sequence), .duplicate(let sequence): sequence
        case .unknown, .refused: nil
        }
    }
}
