public import WiberBase
import WiberSubject

/// Which messages have which subject: for limits a subject, and for whoever asks by subject.
///
/// The index is made from the log where it is wanted, while the topic is in use; until it is complete,
/// limits wait, and what asks by subject is refused.
extension TopicState {
    /// How many messages a publish takes along to keep its subject within the limit.
    private static let excessMax = 64

    /// Whether the index is to be kept.
    public var wantsIndex: Bool { configuration.retention.maxPerSubject != nil || isIndexAskedFor }
    /// Whether it knows every message of the log, and those that are open.
    public var isIndexComplete: Bool { index?.next == openNext }
    /// The subjects that are known; `nil` without a complete index.
    public var subjectCount: Int? { isIndexComplete ? index?.subjectCount : nil }

    /// Somebody asks by subject.
    public mutating func askForIndex() { isIndexAskedFor = true }

    /// The committed message whose chunk ``feedIndex(_:)`` needs next; `nil` if it has all of them, or
    /// none are wanted.
    public mutating func indexNeeds() -> Sequence? {
        guard wantsIndex else { return nil }
        if index == nil { index = MessageIndex(from: committed.firstSequence, seed: subjects.seed) }
        index?.skip(to: committed.firstSequence)
        guard let next = index?.next, next < committed.nextSequence else { return nil }
        return next
    }

    /// Without messages there is nothing to read.
    mutating func beginIndexIfEmpty() {
        guard committed.firstSequence == openNext, wantsIndex, !isIndexComplete else { return }
        if index == nil { index = MessageIndex(from: openNext, seed: subjects.seed) }
        index?.skip(to: openNext)
    }

    /// Nothing of the log is before this.
    public mutating func skipIndex(to sequence: Sequence) {
        index?.skip(to: min(sequence, openNext))
    }

    /// Takes in the messages of a chunk of this log that come next.
    public mutating func feedIndex(_ chunk: Chunk) {
        guard let next = index?.next, chunk.header.kind == .messages,
            chunk.header.baseSequence <= next, next < chunk.header.nextSequence
        else { return }
        chunk.forEachMessage { message in
            if message.sequence >= next {
                addToIndex(
                    message.body,
                    message.sequence,
                    UInt32(clamping: message.length),
                    isNew: false
                )
            }
            return true
        }
        noteIndexMemory()
    }

    @discardableResult
    mutating func addToIndex(
        _ body: MessageBody,
        _ sequence: Sequence,
        _ length: UInt32,
        isNew: Bool
    ) -> Int? {
        let row = MessageIndex.Row(sequence: sequence, length: length)
        if let subject = body.subject { return index?.append(subject, row, isNew: isNew) }
        return nameBytes.withUnsafeBytes { index?.append($0, row, isNew: isNew) }
    }

    /// Lets the oldest messages of a subject go that are too many.
    ///
    /// - Returns: whether there may be more of them.
    @discardableResult
    mutating func limit(_ number: Int) -> Bool {
        guard let limit = configuration.retention.maxPerSubject else { return false }
        let rows = excess(number, limit)
        for row in rows { removals.add(row) }
        return rows.count == Self.excessMax
    }

    private mutating func excess(_ number: Int, _ limit: UInt64) -> [MessageIndex.Row] {
        // The copy ends with this call: what it was made from can then be changed in place.
        let (removals, first) = (removals, openFirst)
        let rows = index?.excess(number, limit: limit, most: Self.excessMax) { sequence in
            sequence < first || removals.isGone(sequence)
        }
        return rows ?? []
    }

    /// Every subject is to be looked at once more: messages have gone, or another limit holds.
    public mutating func sweepSubjectsAgain() { unsweptSubjects = index?.subjectCount ?? 0 }

    /// Looks after some subjects in turn: what is gone is forgotten, and, on the leader, what is too much
    /// goes.
    ///
    /// - Returns: how many were looked at; none if nothing has changed.
    public mutating func sweepSubjects(most: Int, isLeader: Bool) -> Int {
        guard let count = index?.subjectCount, count > 0, unsweptSubjects > 0 else { return 0 }
        let (gone, first) = (removals.committed, committed.firstSequence)
        let looked = min(most, unsweptSubjects, count)
        unsweptSubjects -= looked
        var number = min(sweptSubject, count)
        for _ in 0..<looked {
            number = number > 0 ? number - 1 : (index?.subjectCount ?? 1) - 1
            guard number >= 0 else { break }
            if isLeader, isIndexComplete, limit(number) { sweepSubjectsAgain() }
            index?.prune(number) { $0 < first || gone.contains($0) }
        }
        sweptSubject = max(0, number)
        noteIndexMemory()
        return looked
    }

    /// Lets messages go whose subject a pattern matches, some at a time.
    ///
    /// - Returns: the last message that is to go by this call; `nil` if no more has to go.
    public mutating func purge(_ purge: SubjectPurge, most: Int) -> Sequence? {
        guard let index, isIndexComplete else { return nil }
        var found: [MessageIndex.Row] = []
        purge.pattern.withUnsafeBytes { pattern in
            for number in index.numbers(matching: pattern) where found.count < most {
                let rows = index.rows(number) { !isLive($0) || $0 >= purge.before }
                found += rows.dropLast(Int(clamping: purge.keep)).prefix(most - found.count)
            }
        }
        if !found.isEmpty { self.index?.goneFromWithin() }
        found.sort { $0.sequence < $1.sequence }
        for row in found { removals.add(row) }
        return found.last?.sequence
    }

    /// Whether messages have to go that are not decided yet.
    public func hasMore(of purge: SubjectPurge) -> Bool {
        guard let index else { return false }
        return purge.pattern.withUnsafeBytes { pattern in
            index.numbers(matching: pattern).contains { number in
                let rows = index.rows(number) { !isLive($0) || $0 >= purge.before }
                return UInt64(rows.count) > purge.keep
            }
        }
    }

    /// The newest message of a subject, as far as this leader has decided; 0: there is none.
    ///
    /// - Precondition: ``isIndexComplete``.
    func newestSequence(of body: MessageBody) -> Sequence {
        guard let number = number(of: body) else { return .zero }
        return index?.newest(number) { !isLive($0) }?.sequence ?? .zero
    }

    func number(of body: MessageBody) -> Int? {
        if let subject = body.subject { return index?.number(of: subject) }
        return nameBytes.withUnsafeBytes { index?.number(of: $0) }
    }

    /// Whether another subject can be taken in.
    func hasRoom(for body: MessageBody) -> Bool {
        guard configuration.retention.maxPerSubject != nil, isIndexComplete else { return true }
        return subjects.used < subjects.limit || number(of: body) != nil
    }

    /// An index that somebody asked for must not grow beyond its memory.
    mutating func noteIndexMemory() {
        let bytes = index?.byteCount ?? 0
        subjects.change(from: indexBytes, to: bytes)
        indexBytes = bytes
        guard isIndexAskedFor, configuration.retention.maxPerSubject == nil,
            subjects.used > subjects.limit
        else { return }
        dropIndex()
    }

    mutating func dropIndex() {
        index = nil
        isIndexAskedFor = false
        subjects.change(from: indexBytes, to: 0)
        indexBytes = 0
    }
}

/// Messages of some subjects go, because somebody asked for it.
public struct SubjectPurge: Equatable, Sendable {
    /// Which subjects; wildcards allowed.
    public var pattern: [UInt8]
    /// Only messages before this one go.
    public var before: Sequence
    /// So many of each subject stay, the newest of those.
    public var keep: UInt64

    /// What is asked for.
    public init(pattern: [UInt8], before: Sequence, keep: UInt64) {
        self.pattern = pattern
        self.before = before
        self.keep = keep
    }
}
