public import WiberBase

/// What somebody who runs the cluster asks for.
public enum AdminCommand: Equatable, Sendable {
    /// That a node leads a topic, both by name.
    case transfer(topic: String, node: String)
    /// That nodes lead as many topics each, as far as they hold them.
    case balance
    /// A new topic; with 0 replicas as many as is the default.
    case createTopic(TopicConfiguration)
    /// Other limits, subjects or another description for a topic.
    case updateTopic(name: String, TopicChanges)
    /// The end of a topic and of all its messages.
    case deleteTopic(name: String)
    /// That the messages of a topic before a sequence go.
    case purge(topic: String, before: Sequence)
    /// That all messages of a topic but the newest go.
    case keep(topic: String, newest: UInt64)
    /// That messages of some subjects go.
    case purgeSubject(topic: String, subject: String, before: Sequence?, keep: UInt64)
    /// That one message goes.
    case remove(topic: String, Sequence)
    /// That one message goes, and its body from every replica's disk.
    case erase(topic: String, Sequence)
    /// That these nodes hold a topic, and no others.
    case moveTopic(name: String, nodes: [String])
    /// That so many nodes hold a topic.
    case setReplicas(name: String, Int)
    /// That a node leads nothing and holds nothing, or may again.
    case drain(node: String, Bool)
    /// That a node joins the cluster; it is started afterwards.
    case addNode(NodeAddress)
    /// That a node leaves the cluster.
    case removeNode(String)
    /// That a node leaves, and another one comes for it; with a name of its own or the same.
    case replaceNode(String, by: NodeAddress?)
    /// That a topic is backed up as it is now; the outcome is its first block.
    case beginBackup(topic: String)
    /// The next block of a backup.
    case readBackup(UInt64)
    /// That nobody reads a backup any more.
    case endBackup(UInt64)
    /// That a topic being restored takes a block of its backup.
    case importBlock(topic: String, [UInt8])
    /// That a topic has all of its backup, and is used from now on.
    case finishRestore(topic: String)
    /// One message of a topic; the outcome is that message.
    case readMessage(topic: String, MessageQuery)
}

/// What is to change about a topic; what is `nil` stays.
public struct TopicChanges: Equatable, Sendable {
    /// The text for people.
    public var description: String?
    /// What it captures.
    public var subjects: [String]?
    /// Limits; the inner `nil` lifts one.
    public var maxAge: UInt64??
    /// As above, in bytes.
    public var maxBytes: UInt64??
    /// As above, in messages.
    public var maxMessages: UInt64??
    /// As above, in messages of a subject.
    public var maxPerSubject: UInt64??
    /// Whether publishes may take earlier messages along.
    public var allowsRollup: Bool?
    /// As above, in nanoseconds.
    public var deleteAfterIdle: UInt64??
    /// For how long messages are remembered, in nanoseconds.
    public var dedupWindow: UInt64?
    /// Whether publishes may say how long their messages stay.
    public var allowsTimeToLive: Bool?
    /// How long other messages stay, in nanoseconds; the inner `nil`: as the limits have it.
    public var timeToLiveDefault: UInt64??
    /// The first message that stays whatever limits say; the inner `nil`: there is none.
    public var keepFrom: UInt64??
    /// What each node that holds it must have.
    public var placementTags: [String]?
    /// The tag over whose values it is spread; the inner `nil` lifts that.
    public var spread: String??
    /// The most bytes that it may hold; the inner `nil` lifts the quota.
    public var quotaBytes: UInt64??
    /// As above, in messages.
    public var quotaMessages: UInt64??
    /// How its closed segments are kept on disk.
    public var compression: TopicConfiguration.Compression?

    /// No change.
    public init() {}

    /// A topic's configuration with the changes.
    func applied(to configuration: TopicConfiguration) -> TopicConfiguration {
        var new = configuration
        if let description { new.description = description }
        if let subjects { new.subjects = subjects }
        if let maxAge { new.retention.maxAge = maxAge }
        if let maxBytes { new.retention.maxBytes = maxBytes }
        if let maxMessages { new.retention.maxMessages = maxMessages }
        if let maxPerSubject { new.retention.maxPerSubject = maxPerSubject }
        if let allowsRollup { new.allowsRollup = allowsRollup }
        if let deleteAfterIdle { new.deleteAfterIdle = deleteAfterIdle }
        if let dedupWindow { new.dedupWindow = dedupWindow }
        if let allowsTimeToLive { new.allowsTimeToLive = allowsTimeToLive }
        if let timeToLiveDefault { new.timeToLiveDefault = timeToLiveDefault }
        if let keepFrom { new.keepFrom = keepFrom }
        if let placementTags { new.placement.tags = placementTags }
        if let spread { new.placement.spread = spread }
        if let quotaBytes { new.quota.bytes = quotaBytes }
        if let quotaMessages { new.quota.messages = quotaMessages }
        if let compression { new.compression = compression }
        return new
    }
}

/// What became of an ``AdminCommand``.
public enum AdminOutcome: Equatable, Sendable {
    /// It is done; for `transfer`: the node leads; for moves and drains: they have begun.
    case done
    /// It cannot be: why, and what to do.
    case refused(String)
    /// It was begun, and did not end in time: what is known, and what to do.
    case late(String)
    /// A block of a backup; the last one ends it.
    case block(session: UInt64, [UInt8], isLast: Bool)
    /// Another node can do it.
    case elsewhere(host: String, httpPort: Int)
    /// A message, as JSON.
    case message([UInt8])
    /// What was asked for is not there: why.
    case missing(String)
    /// Too much is under way; the same may be asked again.
    case busy(String)
}

/// A command that is under way.
struct AdminTask {
    enum Work {
        /// That a node leads a group.
        case transfer(GroupID, NodeID)
        /// That each of these groups is led by a node, a few of them at a time.
        case balance([(group: GroupID, target: NodeID)])
        /// A command for a group's log.
        case command(GroupID, [UInt8])
    }
    enum Stage {
        /// No leader has taken it.
        case waiting
        /// A leader has it; on another node under this number.
        case taken(request: UInt64?)
        /// It is in this entry, which this node has not applied yet.
        case committed(LogIndex)
    }
    let work: Work
    let deadline: Instant
    var stage = Stage.waiting
    /// When to go on.
    var nextAsk: Instant
}

/// Who waits for a command that is in a group's log.
enum CommandOrigin {
    /// A command of this node.
    case local(token: UInt64)
    /// Another node, by the number of its request.
    case peer(NodeID, request: UInt64)
    /// Nobody: it is sent again until it shows.
    case nobody
}
