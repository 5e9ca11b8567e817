public import WiberBase
import WiberSubject

/// Which messages have which subject: for limits a subject, and for whoever asks by subject.
///
/// The index is made from the log where it is wanted, while the topic is in use; until it is complete,
/// limits wait, and what asks by subject is refused.
extension TopicState {
    /// The most messages that wait to go from the middle, but for what a publish takes along.
    public static let removalQueueMax = 1 << 16
    /// How many messages a publish takes along to keep its subject within the limit.
    static let excessMax = 64
    /// How many messages of a subject go when it is looked after, at a time.
    private static let sweptExcessMax = 4_096
    /// How many subjects a purge looks at, at a time.
    private static let purgedSubjectsMax = 4_096

    /// Whether the index is to be kept.
    public var wantsIndex: Bool {
        !configuration.isRestoring
            && (configuration.retention.maxPerSubject != nil || isIndexAskedFor)
    }
    /// Whether somebody asked by subject, and there was no room for the index.
    public var isIndexTooLarge: Bool { !wantsIndex && hadNoRoom }
    /// Whether it knows every message of the log, and those that are open.
    public var isIndexComplete: Bool { index?.next == openNext }
    /// The subjects that are known; `nil` without a complete index.
    public var subjectCount: Int? { isIndexComplete ? index?.subjectCount : nil }

    /// Somebody asks by subject.
    public mutating func askForIndex() { isIndexAskedFor = !hadNoRoom }

    /// Whether something is made from the log's messages: the index, or when they go.
    public var readsMessages: Bool { wantsIndex || wantsDeadlines }
    /// Whether some of that is not complete.
    public var lacksMessages: Bool {
        wantsIndex && !isIndexComplete || wantsDeadlines && !areDeadlinesComplete
    }

    /// The committed message whose chunk ``feedIndex(_:)`` needs next; `nil` if it has all of them, or
    /// none are wanted.
    ///
    /// One reading serves the index and the times to live: whichever is further behind decides.
    public mutating func indexNeeds() -> Sequence? {
        guard readsMessages else { return nil }
        begin(from: committed.firstSequence)
        let next = min(
            wantsIndex ? index?.next ?? .zero : committed.nextSequence,
            wantsDeadlines ? deadlines?.next ?? .zero : committed.nextSequence
        )
        return next < committed.nextSequence ? next : nil
    }

    /// Without messages there is nothing to read.
    mutating func beginIndexIfEmpty() {
        guard committed.firstSequence == openNext, lacksMessages else { return }
        begin(from: openNext)
    }

    /// Makes what is wanted; there is nothing before `first`.
    private mutating func begin(from first: Sequence) {
        if wantsIndex, index == nil { index = MessageIndex(from: first, seed: subjects.seed) }
        if wantsDeadlines, deadlines == nil { deadlines = Deadlines(from: first) }
        index?.skip(to: first)
        deadlines?.skip(to: first)
    }

    /// Nothing of the log is before this.
    public mutating func skipIndex(to sequence: Sequence) {
        index?.skip(to: min(sequence, openNext))
        deadlines?.skip(to: min(sequence, openNext))
    }

    /// Takes in the messages of a chunk of this log that come next.
    public mutating func feedIndex(_ chunk: Chunk) {
        feedDeadlines(chunk)
        guard let next = index?.next, chunk.header.kind == .messages,
            chunk.header.baseSequence <= next, next < chunk.header.nextSequence
        else { return }
        chunk.forEachMessage { message in
            if message.sequence >= next {
                index?.skip(to: message.sequence)  // What is erased is not missed.
                addToIndex(
                    message.body,
                    message.sequence,
                    UInt32(clamping: message.length),
                    isNew: false
                )
            }
            return true
        }
        index?.skip(to: chunk.header.nextSequence)
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

    /// Lets the oldest messages of a subject go that are too many, `most` at most.
    ///
    /// - Returns: whether there may be more of them.
    @discardableResult
    mutating func limit(_ number: Int, most: Int) -> Bool {
        guard let limit = configuration.retention.maxPerSubject else { return false }
        let floor = floor
        let rows = decide { index, isGone in
            index.excess(number, before: floor, limit: limit, most: most, isGone: isGone)
        }
        for row in rows { removals.add(row) }
        return rows.count == most
    }

    /// Lets all messages of a subject go that are before one of its messages.
    mutating func rollUp(_ number: Int, before sequence: Sequence) {
        let rows = decide { index, isGone in
            index.oldest(number, before: sequence, keep: 0, most: .max, isGone: isGone)
        }
        for row in rows { removals.add(row) }
    }

    /// Asks the index what is to go, in the light of what is gone as far as this leader has decided.
    mutating func decide(
        _ choose: (inout MessageIndex, (Sequence) -> Bool) -> [MessageIndex.Row]
    ) -> [MessageIndex.Row] {
        guard var index else { return [] }
        self.index = nil  // The only owner changes it in place.
        // The copies end with this call, too.
        let (removals, first) = (removals, openFirst)
        let rows = choose(&index) { $0 < first || removals.isGone($0) }
        self.index = index
        return rows
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
            if isLeader, isIndexComplete, removals.queueCount < Self.removalQueueMax,
                limit(number, most: Self.sweptExcessMax)
            {
                sweepSubjectsAgain()
            }
            index?.prune(number) { $0 < first || gone.contains($0) }
        }
        sweptSubject = max(0, number)
        noteIndexMemory()
        return looked
    }

    /// Lets messages go whose subject a pattern matches, some at a time.
    ///
    /// Subjects are looked at from the last to the first: the last one takes the number of one that is
    /// dropped meanwhile, and was looked at before.
    public mutating func purge(_ purge: SubjectPurge, _ progress: inout SubjectPurge.Progress) {
        guard isIndexComplete, let count = index?.subjectCount else { return }
        purge.pattern.withUnsafeBytes { pattern in
            let end = min(purge.before, floor)
            let literal = Subject.isLiteral(pattern) ? index?.number(of: pattern) ?? -1 : nil
            var left = min(progress.left ?? count, count)
            var found: [MessageIndex.Row] = []
            var looks = Self.purgedSubjectsMax
            while left > 0, looks > 0 {
                let number = literal ?? left - 1
                let room = Self.removalQueueMax - removals.queueCount - found.count
                if number >= 0, literal != nil || index?.matches(number, pattern) == true {
                    guard room > 0 else { break }
                    let rows = decide { index, isGone in
                        index.oldest(
                            number,
                            before: end,
                            keep: purge.keep,
                            most: room,
                            isGone: isGone
                        )
                    }
                    found += rows
                    if rows.count == room { break }  // There may be more of this subject.
                }
                left = literal == nil ? left - 1 : 0
                looks -= 1
            }
            progress.left = left
            found.sort { $0.sequence < $1.sequence }
            for row in found { removals.add(row) }
            progress.last = found.last?.sequence ?? progress.last
        }
    }

    /// The newest message of a subject, as far as this leader has decided; 0: there is none.
    ///
    /// - Precondition: ``isIndexComplete``.
    func newestSequence(of subject: [UInt8]? = nil, or body: MessageBody) -> Sequence {
        let found = if let subject { number(of: subject) } else { number(of: body) }
        guard let number = found else { return .zero }
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
        hadNoRoom = true
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
    /// How far a purge is.
    public struct Progress: Sendable {
        /// How many subjects are still to be looked at; `nil` before it has begun.
        var left: Int?
        /// The last message that goes, as far as that is decided; 0: none does.
        public internal(set) var last = Sequence.zero
        /// Whether all that has to go is decided.
        public var isDecided: Bool { left == 0 }

        /// Nothing is decided.
        public init() {}
    }

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
