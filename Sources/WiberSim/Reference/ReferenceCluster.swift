import WiberBase
import WiberRaft

/// A reference for each core of a ``RaftWorld``.
struct ReferenceCluster: Sendable {
    private var servers: [ReferenceRaft]
    private let mutation: ObservationMutation?
    /// Nothing is followed any more after the first refusal.
    private var isOver = false
    /// How many steps were followed.
    private(set) var steps = 0
    /// How often an observation was falsified.
    private(set) var mutations = 0
    /// How many leaders were elected.
    private(set) var elections = 0
    /// How often a commit index rose.
    private(set) var commits = 0

    init(_ nodes: [NodeID], mutation: ObservationMutation? = nil) {
        let configuration = Configuration(voters: nodes)
        servers = nodes.map { ReferenceRaft(id: $0, configuration: configuration) }
        self.mutation = mutation
    }

    /// - Returns: what figure 2 does not allow.
    mutating func observe(
        _ place: Int,
        _ input: Input,
        _ effects: [Effect],
        _ raft: Raft
    ) -> RaftRefusal? {
        guard !isOver else { return nil }
        let server = servers[place]
        var step = RaftObservation(input: input, effects: effects, after: RaftView(raft))
        steps += 1
        if step.after.role == .leader, server.role != .leader { elections += 1 }
        if step.after.commitIndex > server.commitIndex { commits += 1 }
        if let mutation, mutation.falsify(&step, after: server) { mutations += 1 }
        do throws(RaftRefusal) {
            try servers[place].observe(step)
            return nil
        } catch {
            isOver = true
            return error
        }
    }

    mutating func started(_ place: Int, _ raft: Raft) -> RaftRefusal? {
        do throws(RaftRefusal) {
            try servers[place].started(RaftView(raft))
            return nil
        } catch {
            return error
        }
    }

    mutating func wrote(_ place: Int, _ work: RaftReplica.DiskWork) {
        switch work {
        case .append(let from, let entries, _):
            servers[place].wrote(entries.map { ($0.term, $0.kind) }, from: from)
        case .persist(let state): servers[place].wrote(state)
        }
    }
}
