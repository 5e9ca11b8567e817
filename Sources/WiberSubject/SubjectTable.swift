/// Which subscriptions want what is published to a subject.
///
/// Literal subjects are in a hash table, patterns in a tree; what was asked for lately is in a
/// cache. With N literal subscriptions and no patterns every operation is O(1) on average; a
/// pattern costs a match no more than its tokens.
///
/// 1. A subscription is in the table once for each subject and queue it was inserted with, and
///    leaves with the same subject and queue.
/// 2. The answer depends on the subscriptions only, not on the order of changes, the seed or what
///    was asked before, so that a simulation can replay it.
/// 3. Any bytes may be asked for. What has an empty token matches nobody.
public struct SubjectTable: Sendable {
    private let hash: KeyedHash
    private var literals: ByteMap<Members>
    private var wildcards: WildcardTrie
    private var cache: MatchCache

    /// The subscriptions.
    public private(set) var count = 0
    /// The matches that were answered from the cache.
    public private(set) var cacheHits: UInt64 = 0
    /// The matches that were not.
    public private(set) var cacheMisses: UInt64 = 0
    /// The subjects in the cache, at most 4,096.
    public var cacheCount: Int { cache.count }

    /// How many subscriptions a match of those in the cache has: at most, and on average.
    public var fanout: (most: Int, mean: Double) { cache.fanout }

    /// An empty table.
    ///
    /// `seed` decides where subjects lie in memory and nothing else; one that clients cannot guess
    /// keeps them from making all theirs lie in one place.
    public init(seed: UInt64) {
        hash = KeyedHash(seed: seed)
        literals = ByteMap(hash: hash)
        wildcards = WildcardTrie(hash: hash)
        cache = MatchCache(hash: hash)
    }

    /// Adds a subscription to a subject or pattern, as a member of `queue` unless that is `nil`.
    ///
    /// - Returns: `false`, and nothing changes, if the subject is not valid
    ///   (``Subject/isValid(_:)``) or the subscription is there already.
    public mutating func insert(
        _ id: SubscriptionID,
        _ subject: UnsafeRawBufferPointer,
        queue: [UInt8]?
    ) -> Bool {
        guard let kind = Subject.kind(subject) else { return false }
        let isNew =
            switch kind {
            case .literal: insertLiteral(id, subject, queue: queue)
            case .pattern: insertPattern(id, subject, queue: queue)
            }
        if isNew { count += 1 }
        return isNew
    }

    /// Takes a subscription out that was inserted with the same subject and queue.
    ///
    /// - Returns: `false`, and nothing changes, if it is not there.
    @discardableResult
    public mutating func remove(
        _ id: SubscriptionID,
        _ subject: UnsafeRawBufferPointer,
        queue: [UInt8]?
    ) -> Bool {
        guard let kind = Subject.kind(subject) else { return false }
        let isRemoved =
            switch kind {
            case .literal: removeLiteral(id, subject, queue: queue)
            case .pattern: removePattern(id, subject, queue: queue)
            }
        if isRemoved { count -= 1 }
        return isRemoved
    }

    /// Whom a message that is published to `subject` is for; its tokens stand for themselves.
    ///
    /// Allocates nothing if the answer is in the cache.
    public mutating func match(_ subject: UnsafeRawBufferPointer) -> SubjectMatches {
        let hashed = hash(subject)
        if let matches = cache.find(subject, hashed) {
            cacheHits &+= 1
            return matches
        }
        cacheMisses &+= 1
        let matches = gather(subject, hashed)
        cache.insert(subject, hashed, matches)
        return matches
    }

    private func gather(_ subject: UnsafeRawBufferPointer, _ hashed: UInt64) -> SubjectMatches {
        var gathering = Gathering()
        if let number = literals.find(subject, hashed) { gathering.add(literals[number]) }
        if !wildcards.isEmpty, !Subject.hasEmptyToken(subject) {
            wildcards.match(subject, into: &gathering)
        }
        return gathering.finish()
    }

    // MARK: Changes
    //
    // The cache lets go of the lists first, so that they are changed in place.

    private mutating func insertLiteral(
        _ id: SubscriptionID,
        _ subject: UnsafeRawBufferPointer,
        queue: [UInt8]?
    ) -> Bool {
        let hashed = hash(subject)
        cache.drop(subject, hashed)
        if let number = literals.find(subject, hashed) {
            return literals[number].insert(id, queue: queue)
        }
        var members = Members.none
        let isNew = members.insert(id, queue: queue)
        literals.insert(subject, hashed, members)
        return isNew
    }

    private mutating func removeLiteral(
        _ id: SubscriptionID,
        _ subject: UnsafeRawBufferPointer,
        queue: [UInt8]?
    ) -> Bool {
        let hashed = hash(subject)
        guard let number = literals.find(subject, hashed) else { return false }
        cache.drop(subject, hashed)
        let isRemoved = literals[number].remove(id, queue: queue)
        if literals[number].isEmpty { literals.remove(number) }
        return isRemoved
    }

    private mutating func insertPattern(
        _ id: SubscriptionID,
        _ pattern: UnsafeRawBufferPointer,
        queue: [UInt8]?
    ) -> Bool {
        cache.drop(matching: pattern)
        return wildcards.insert(id, pattern, queue: queue)
    }

    private mutating func removePattern(
        _ id: SubscriptionID,
        _ pattern: UnsafeRawBufferPointer,
        queue: [UInt8]?
    ) -> Bool {
        cache.drop(matching: pattern)
        return wildcards.remove(id, pattern, queue: queue)
    }
}
