import WiberBase

/// What somebody who runs the cluster asks for.
public enum AdminCommand: Equatable, Sendable {
    /// That a node leads a topic, both by name.
    case transfer(topic: String, node: String)
}

/// What became of an ``AdminCommand``.
public enum AdminOutcome: Equatable, Sendable {
    /// It is done; for `transfer`: the node leads.
    case done
    /// It cannot be: why, and what to do.
    case refused(String)
    /// It was begun, and did not end in time: what is known, and what to do.
    case late(String)
}

/// A command that is under way.
struct AdminTask {
    let group: GroupID
    let target: NodeID
    let deadline: Instant
    /// When the leader is asked again.
    var nextAsk: Instant
}
