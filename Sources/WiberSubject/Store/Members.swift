/// The subscriptions to one subject or pattern.
///
/// Nearly all subjects have one subscription, which then needs no memory of its own.
enum Members: Sendable {
    case none
    case one(SubscriptionID)
    indirect case many(SubjectMatches)

    var isEmpty: Bool {
        switch self {
        case .none: true
        case .one, .many: false
        }
    }

    /// Adds a subscription, `false` if it is there.
    mutating func insert(_ id: SubscriptionID, queue: [UInt8]?) -> Bool {
        if isEmpty, queue == nil {
            self = .one(id)
            return true
        }
        var matches = take()
        let isNew = matches.insert(id, queue: queue)
        put(matches)
        return isNew
    }

    /// Takes a subscription out, `false` if it is not there.
    mutating func remove(_ id: SubscriptionID, queue: [UInt8]?) -> Bool {
        var matches = take()
        let isRemoved = matches.remove(id, queue: queue)
        put(matches)
        return isRemoved
    }

    /// Leaves nothing behind, so that the lists have one owner and are changed in place.
    private mutating func take() -> SubjectMatches {
        defer { self = .none }
        switch self {
        case .none: return SubjectMatches()
        case .one(let id): return SubjectMatches(plain: [id])
        case .many(let matches): return matches
        }
    }

    private mutating func put(_ matches: SubjectMatches) {
        if matches.isEmpty {
            self = .none
        } else if matches.queues.isEmpty, matches.plain.count == 1 {
            self = .one(matches.plain[0])
        } else {
            self = .many(matches)
        }
    }
}

/// Brings together the members of all that matches a subject.
///
/// What comes from one place only is not copied.
struct Gathering {
    private var matches = SubjectMatches()
    private var sourceCount = 0

    mutating func add(_ members: Members) {
        switch members {
        case .none: return
        case .one(let id): matches.plain.append(id)
        case .many(let found) where sourceCount == 0: matches = found
        case .many(let found):
            matches.plain.append(contentsOf: found.plain)
            matches.queues.append(contentsOf: found.queues)
        }
        sourceCount += 1
    }

    /// What was added, in order.
    consuming func finish() -> SubjectMatches {
        guard sourceCount > 1 else { return matches }
        matches.plain.sort { $0.rawValue < $1.rawValue }
        if matches.queues.count > 1 { joinQueues() }
        return matches
    }

    /// Makes one group of those that have the same name.
    private mutating func joinQueues() {
        matches.queues.sort { $0.name.lexicographicallyPrecedes($1.name) }
        var joined: [QueueMatch] = []
        var places = 0
        for queue in matches.queues {
            if places > 0, joined[places - 1].name == queue.name {
                joined[places - 1].members.append(contentsOf: queue.members)
            } else {
                joined.append(queue)
                places += 1
            }
        }
        for place in joined.indices {
            joined[place].members.sort { $0.rawValue < $1.rawValue }
        }
        matches.queues = joined
    }
}
