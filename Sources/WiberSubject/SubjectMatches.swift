/// Whom a message is for: everybody in ``plain``, and one member of each of ``queues``.
public struct SubjectMatches: Hashable, Sendable {
    /// The subscriptions without a queue, in the order of their numbers, which is that of insertion.
    public internal(set) var plain: [SubscriptionID] = []
    /// The queue groups, in the order of the bytes of their names; none has no members.
    public internal(set) var queues: [QueueMatch] = []

    /// Whether it is for nobody.
    public var isEmpty: Bool { plain.isEmpty && queues.isEmpty }

    /// The subscriptions, all members of all queues included: O(queues).
    public var count: Int { queues.reduce(plain.count) { $0 + $1.members.count } }

    /// The queue group with this name, if it is among them: O(log queues).
    public func queue(named name: [UInt8]) -> QueueMatch? {
        let place = place(of: name)
        return place < queues.count && queues[place].name == name ? queues[place] : nil
    }
}

/// A queue group among the matches: exactly one member gets the message, chosen by the caller.
public struct QueueMatch: Hashable, Sendable {
    /// The group's name, as the subscriptions give it.
    public let name: [UInt8]
    /// Its subscriptions, in the order of their numbers; at least one.
    public internal(set) var members: [SubscriptionID]
}

extension SubjectMatches {
    /// Adds a subscription, `false` if it is there.
    mutating func insert(_ id: SubscriptionID, queue: [UInt8]?) -> Bool {
        guard let queue else { return plain.insertSorted(id) }
        let place = place(of: queue)
        if place < queues.count, queues[place].name == queue {
            return queues[place].members.insertSorted(id)
        }
        queues.insert(QueueMatch(name: queue, members: [id]), at: place)
        return true
    }

    /// Takes a subscription out, `false` if it is not there.
    mutating func remove(_ id: SubscriptionID, queue: [UInt8]?) -> Bool {
        guard let queue else { return plain.removeSorted(id) }
        let place = place(of: queue)
        guard place < queues.count, queues[place].name == queue else { return false }
        let isRemoved = queues[place].members.removeSorted(id)
        if queues[place].members.isEmpty {
            queues.remove(at: place)
            queues.releaseSpareCapacity()
        }
        return isRemoved
    }

    /// Where the queue is, or belongs.
    private func place(of queue: [UInt8]) -> Int {
        var low = 0
        var high = queues.count
        while low < high {
            let middle = (low + high) / 2
            if queues[middle].name.lexicographicallyPrecedes(queue) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low
    }
}

extension [SubscriptionID] {
    /// Adds to a sorted list, `false` if it is there; O(1) for the highest number.
    fileprivate mutating func insertSorted(_ id: SubscriptionID) -> Bool {
        let place = place(of: id)
        if place < count, self[place] == id { return false }
        insert(id, at: place)
        return true
    }

    /// Takes out of a sorted list, `false` if it is not there.
    fileprivate mutating func removeSorted(_ id: SubscriptionID) -> Bool {
        let place = place(of: id)
        guard place < count, self[place] == id else { return false }
        remove(at: place)
        releaseSpareCapacity()
        return true
    }

    /// Where a number is, or belongs.
    private func place(of id: SubscriptionID) -> Int {
        guard let last, id.rawValue <= last.rawValue else { return count }
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if self[middle].rawValue < id.rawValue { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
