import WiberBase
import WiberSubject
import WiberWire

/// What a client wants, or what the clients of another node want.
///
/// A class: a delivery must not copy it.
final class NATSSubscription {
    /// Where its messages go.
    enum Target {
        /// A client of this node, which calls it so.
        case client(NATSClient, sid: [UInt8])
        /// Another node, by its place among the peers.
        case node(Int)
        /// A topic that captures the subject.
        case topic(GroupID)
    }

    let target: Target
    /// Whether it is one of this node's clients'.
    var isOfClient: Bool {
        if case .client = target { true } else { false }
    }
    let interest: Interest
    /// It ends after so many messages; 0: it does not.
    var max: UInt64 = 0
    var delivered: UInt64 = 0

    init(target: Target, interest: Interest) {
        self.target = target
        self.interest = interest
    }
}

/// A subject that is wanted, by a queue group or plainly.
struct Interest: Hashable, Comparable {
    let subject: [UInt8]
    let queue: [UInt8]?

    static func < (one: Interest, other: Interest) -> Bool {
        if one.subject != other.subject {
            return one.subject.lexicographicallyPrecedes(other.subject)
        }
        return (one.queue ?? []).lexicographicallyPrecedes(other.queue ?? [])
    }
}

/// All clients that speak NATS, and who wants what, here and on other nodes.
struct NATSHub {
    var clients: [ConnectionID: NATSClient] = [:]
    var table: SubjectTable
    /// By ``SubscriptionID``; a place that is free is `nil`.
    private var subscriptions: ContiguousArray<NATSSubscription?> = []
    private var free: [Int] = []
    private var topicCount = 0
    /// What each topic captures.
    var subscriptionsOfTopic: [GroupID: [SubscriptionID]] = [:]
    /// Subscriptions that ever began, and that ended.
    private(set) var inserted: UInt64 = 0
    private(set) var removed: UInt64 = 0
    /// How many subscriptions of this node's clients there are to each interest; kept only where
    /// there are other nodes to tell.
    private(set) var own: [Interest: UInt32] = [:]
    private let isAlone: Bool
    /// What the others have not been told.
    var changes: [InterestChange] = []
    /// By peer: what it wants.
    private var remote: [[Interest: SubscriptionID]] = []
    /// By peer: messages that go out at the end of the turn, and who gets the present one.
    var routes: [Route] = []
    /// What the turn has produced for clients, in bytes; not much less than it is.
    var pendingBytes = 0
    /// The payload of the message that is being given out, if it is large and several get it.
    var sharedPayload: SharedBytes?
    /// Clients with something to send.
    var touched: [NATSClient] = []
    /// Clients that are not read from, because a lane is full.
    var stalled: [NATSClient] = []
    var nextSweep = Instant.zero
    /// Where clients were told that they may go.
    var announcedURLs: [String] = []
    /// Grows with every change of what INFO says.
    var infoVersion: UInt64 = 0
    /// What the clients who were there have been told.
    var toldInfoVersion: UInt64 = 0
    var nextInfo = Instant.zero

    /// Messages for another node.
    struct Route {
        var out: [UInt8] = []
        var isPlain = false
        var queues: [[UInt8]] = []

        var isWanted: Bool { isPlain || !queues.isEmpty }
    }

    /// `isAlone` says that there can be no other nodes.
    init(seed: UInt64, isAlone: Bool) {
        table = SubjectTable(seed: seed)
        self.isAlone = isAlone
    }

    /// Makes room for more nodes.
    mutating func grow(to nodes: Int) {
        while remote.count < nodes {
            remote.append([:])
            routes.append(Route())
        }
    }

    /// How many subscriptions there are, of clients and of other nodes.
    var listenerCount: Int { subscriptions.count - free.count - topicCount }

    subscript(_ id: SubscriptionID) -> NATSSubscription? {
        let place = Int(clamping: id.rawValue)
        return place < subscriptions.count ? subscriptions[place] : nil
    }

    /// A page of what the clients of this node want, and how many subscriptions they have in all.
    func clientSubscriptions(offset: Int, limit: Int) -> (page: [NATSSubscription], total: Int) {
        var page: [NATSSubscription] = []
        var total = 0
        for case let subscription? in subscriptions where subscription.isOfClient {
            if total >= offset, page.count < limit { page.append(subscription) }
            total += 1
        }
        return (page, total)
    }

    /// Counts a delivery; a subscription ends with the last one that it may have.
    mutating func delivered(_ subscription: NATSSubscription, _ id: SubscriptionID) {
        subscription.delivered &+= 1
        if subscription.max > 0, subscription.delivered >= subscription.max { remove(id) }
    }

    /// - Returns: `nil` if the subject is not valid.
    mutating func add(_ target: NATSSubscription.Target, _ interest: Interest) -> SubscriptionID? {
        let place = free.last ?? subscriptions.count
        let id = SubscriptionID(rawValue: UInt64(place))
        let isValid = interest.subject.withUnsafeBytes {
            table.insert(id, $0, queue: interest.queue)
        }
        guard isValid else { return nil }
        let subscription = NATSSubscription(target: target, interest: interest)
        inserted &+= 1
        if free.popLast() == nil {
            subscriptions.append(subscription)
        } else {
            subscriptions[place] = subscription
        }
        switch target {
        case .client(let client, let sid):
            client.subscriptions[sid] = id
            count(interest, isWanted: true)
        case .node: break
        case .topic: topicCount += 1
        }
        return id
    }

    mutating func remove(_ id: SubscriptionID) {
        guard let subscription = self[id] else { return }
        let interest = subscription.interest
        let isThere = interest.subject.withUnsafeBytes {
            table.remove(id, $0, queue: interest.queue)
        }
        invariant(isThere, "subscription \(id.rawValue) is in the table")
        removed &+= 1
        subscriptions[Int(id.rawValue)] = nil
        free.append(Int(id.rawValue))
        switch subscription.target {
        case .client(let client, let sid):
            client.subscriptions[sid] = nil
            count(interest, isWanted: false)
        case .node: break
        case .topic: topicCount -= 1
        }
    }

    private mutating func count(_ interest: Interest, isWanted: Bool) {
        guard !isAlone else { return }
        let before = own[interest] ?? 0
        let after = isWanted ? before + 1 : before - 1
        own[interest] = after == 0 ? nil : after
        guard before == 0 || after == 0 else { return }
        changes.append(
            InterestChange(isWanted: isWanted, subject: interest.subject, queue: interest.queue)
        )
    }

    mutating func touch(_ client: NATSClient) {
        guard !client.isTouched else { return }
        client.isTouched = true
        touched.append(client)
    }

    // MARK: Other nodes

    /// Takes in what another node's clients want.
    mutating func change(_ change: InterestChange, ofPeer place: Int) {
        let interest = Interest(subject: change.subject, queue: change.queue)
        if !change.isWanted {
            if let id = remote[place].removeValue(forKey: interest) { remove(id) }
        } else if remote[place][interest] == nil {
            remote[place][interest] = add(.node(place), interest)
        }
    }

    /// Another node wants nothing more.
    mutating func forget(peer place: Int) {
        for id in remote[place].values.sorted() { remove(id) }
        remote[place] = [:]
    }

    /// How many interests another node has told of.
    func interestCount(ofPeer place: Int) -> Int { remote[place].count }
}
