/// The matches of subjects that were asked for lately, so that asking again is one look-up.
///
/// What is not asked for twice leaves first: a hand goes round, passes over each entry once for
/// having been used, and takes the first that was not. Bounded in subjects and in what they hold.
struct MatchCache: Sendable {
    private struct Cached {
        /// The subject's first bytes.
        let start: UInt64
        /// Whether it was asked for since the hand came by.
        var isUsed = false
        let weight: Int
        let matches: SubjectMatches
    }

    /// The most subjects.
    static let subjectCountMax = 4_096
    /// The most words of 8 bytes in subjects and matches, counted as if nothing were shared.
    static let weightMax = 4 << 20
    /// The most subjects that are compared one by one with a pattern that begins with a wildcard.
    static let walkedCountMax = 256

    private var map: ByteMap<Cached>
    private var hand = 0
    private var weight = 0

    init(hash: KeyedHash) { map = ByteMap(hash: hash) }

    var count: Int { map.count }

    /// How many subscriptions the matches have: O(subjects).
    var fanout: (most: Int, mean: Double) {
        var most = 0
        var sum = 0
        for number in 0..<map.count {
            let count = map[number].matches.count
            most = max(most, count)
            sum += count
        }
        return (most, map.count == 0 ? 0 : Double(sum) / Double(map.count))
    }

    /// The matches of a subject, if they are at hand.
    mutating func find(_ subject: UnsafeRawBufferPointer, _ hashed: UInt64) -> SubjectMatches? {
        guard let number = map.find(subject, hashed) else { return nil }
        if !map[number].isUsed { map[number].isUsed = true }
        return map[number].matches
    }

    /// Keeps the matches of a subject that is not here, if they are not too many to keep.
    mutating func insert(
        _ subject: UnsafeRawBufferPointer,
        _ hashed: UInt64,
        _ matches: SubjectMatches
    ) {
        let added = subject.count / 8 + matches.count
        guard added <= Self.weightMax else { return }
        while map.count >= Self.subjectCountMax || weight + added > Self.weightMax { evict() }
        let cached = Cached(start: subject.start, weight: added, matches: matches)
        map.insert(subject, hashed, cached)
        weight += added
    }

    /// Forgets one subject.
    mutating func drop(_ subject: UnsafeRawBufferPointer, _ hashed: UInt64) {
        if let number = map.find(subject, hashed) { remove(number) }
    }

    /// Forgets all subjects that match a valid pattern.
    ///
    /// Looks at all of them, by their first bytes. A pattern that begins with a wildcard gives none
    /// to go by: then it forgets everything, or many such patterns would each walk them all.
    mutating func drop(matching pattern: UnsafeRawBufferPointer) {
        let (start, mask) = Self.literalStart(of: pattern)
        if mask == 0, map.count > Self.walkedCountMax { return dropAll() }
        var number = map.count - 1
        while number >= 0 {
            if map[number].start & mask == start, fits(pattern, number) { remove(number) }
            number -= 1  // The last one takes a removed one's place, and was looked at.
        }
    }

    private mutating func dropAll() {
        map = ByteMap(hash: map.hash)
        weight = 0
        hand = 0
    }

    private func fits(_ pattern: UnsafeRawBufferPointer, _ number: Int) -> Bool {
        map.key(number).withUnsafeBytes { Subject.fits(pattern, $0) }
    }

    /// What all that a pattern matches begins with, of the first eight bytes, and which those are.
    private static func literalStart(
        of pattern: UnsafeRawBufferPointer
    ) -> (start: UInt64, mask: UInt64) {
        var length = 0
        var tokens = SubjectTokens(pattern)
        while let token = tokens.next(), length < 8 {
            if token.isOnly(Subject.any) || token.isOnly(Subject.rest) { break }
            length += token.count + 1
        }
        let mask = length >= 8 ? UInt64.max : (1 << UInt64(length * 8)) - 1
        return (pattern.start & mask, mask)
    }

    private mutating func evict() {
        if hand >= map.count { hand = 0 }
        while map[hand].isUsed {
            map[hand].isUsed = false
            hand = hand + 1 == map.count ? 0 : hand + 1
        }
        remove(hand)
    }

    private mutating func remove(_ number: Int) {
        weight -= map[number].weight
        map.remove(number)
    }
}
