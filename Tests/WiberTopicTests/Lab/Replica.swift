import Testing
import WiberBase

@testable import WiberTopic

/// A topic on one node, beside a dumb model of it: every message of its log in an array.
struct Replica {
    /// A message as the model knows it.
    struct Row {
        var sequence: Sequence
        var time: Timestamp
        var length: UInt64
        var digest: Digest128?
        var index: LogIndex
        var subject = "t"
        /// After this log time it goes.
        var end: UInt64?
        /// The chunk that has taken it out of the middle.
        var goneAt: LogIndex?
    }

    var topic: TopicState
    /// The chunks that are still in files.
    var log: [Chunk] = []
    /// How many chunks are no longer in files.
    var cut = 0
    /// Up to here, files were gone at the last start; their ids had left by committed log time,
    /// which may not be known to be committed right after a start.
    var forgotten = LogIndex.zero
    /// Every message of the log, also those that have left.
    var rows: [Row] = []
    /// What is admitted and not sealed.
    var open: [Row] = []
    /// What somebody has asked this leader to remove.
    var asked: Set<Sequence> = []
    /// The open message that all before goes with.
    var rollup = Sequence.zero
    var applied = LogIndex.zero
    /// This node's clock.
    var wall: UInt64

    init(configuration: TopicConfiguration, wall: UInt64) {
        topic = TopicState(configuration: configuration)
        self.wall = wall
    }

    var lastIndex: LogIndex { LogIndex(UInt64(cut + log.count)) }
    var lastEntry: EntryID { log.last?.id ?? .zero }
    /// The index of the first chunk that is in a file.
    var firstIndex: LogIndex { LogIndex(UInt64(cut + 1)) }

    func chunk(at index: LogIndex) -> Chunk? {
        let place = Int(index.rawValue) - cut - 1
        return log.indices.contains(place) ? log[place] : nil
    }

    mutating func append(_ chunk: Chunk) {
        topic.appended(chunk, digester: digester)
        log.append(chunk)
        chunk.forEachMessage { message in
            rows.append(
                Row(
                    sequence: message.sequence,
                    time: message.time,
                    length: UInt64(message.length),
                    digest: topic.digest(of: message.body, digester),
                    index: chunk.header.index,
                    subject: message.body.subject.map { String(decoding: $0, as: UTF8.self) }
                        ?? "t",
                    end: message.body.timeToLive.map { message.time.rawValue + $0 }
                )
            )
            return true
        }
        take(chunk.removals, at: chunk.header.index)
    }

    /// What a chunk takes must be there, in every log.
    private mutating func take(_ removals: [Removal], at index: LogIndex) {
        guard !removals.isEmpty else { return }
        let first = rows.first?.sequence ?? .zero
        for removal in removals {
            for value in removal.first.rawValue..<removal.end.rawValue {
                let place = Int(value - first.rawValue)
                #expect(rows[place].sequence == Sequence(value) && rows[place].goneAt == nil)
                rows[place].goneAt = index
            }
        }
    }

    mutating func truncate(from index: LogIndex) {
        log.removeSubrange((Int(index.rawValue) - cut - 1)...)
        rows.removeAll { $0.index >= index }
        for place in rows.indices where rows[place].goneAt.map({ $0 >= index }) ?? false {
            rows[place].goneAt = nil
        }
        giveUp()
        topic.truncated(from: index, last: log.last)
    }

    mutating func apply(through index: LogIndex) {
        while applied < min(index, lastIndex), let chunk = chunk(at: applied.next) {
            applied = applied.next
            topic.applied(chunk)
        }
    }

    mutating func stepDown() {
        giveUp()
        topic.discardBuilder()
    }

    private mutating func giveUp() {
        open = []
        asked = []
        rollup = .zero
    }

    /// The messages that are there once all that was decided is done, but for limits of subjects.
    var live: [Row] {
        let first = max(log.last?.header.firstSequence ?? Sequence(1), rollup)
        return (rows + open).filter {
            $0.sequence >= first && $0.goneAt == nil && !asked.contains($0.sequence)
        }
    }

    /// Whether a message's time is over, and nothing keeps it.
    func isOver(_ row: Row, _ time: UInt64) -> Bool {
        row.end ?? .max < time && row.sequence < topic.floor
    }

    // MARK: What the model says

    func admission(
        _ digest: Digest128?,
        _ subject: String,
        _ conditions: PublishConditions,
        length: UInt64
    ) -> Admission {
        let lastTime = open.last?.time ?? log.last?.lastTime ?? .zero
        let time = max(Timestamp(wall), lastTime.next)
        let window = topic.configuration.dedupWindow
        let first = (rows + open).last {
            digest != nil && $0.digest == digest && $0.time.rawValue + window >= time.rawValue
        }
        if let first { return .duplicate(of: first.sequence, at: first.index) }
        let newest = open.last?.sequence ?? rows.last?.sequence ?? .zero
        let isEmpty = topic.committed.firstSequence == newest.next
        if conditions.needsIndex, !topic.isIndexComplete, !isEmpty {
            return .refused(.subjectsUnknown)
        }
        let last = live.last { $0.subject == subject }?.sequence ?? .zero
        if let expected = conditions.lastSubjectSequence, expected != last.rawValue {
            return .conflict(actual: last)
        }
        if let expected = conditions.lastSequence, expected != newest.rawValue {
            return .conflict(actual: newest)
        }
        switch conditions.rollup {
        case .all where newest >= topic.floor: return .refused(.kept)
        case .subject where last >= topic.floor: return .refused(.kept)
        case .all, .subject, nil: break
        }
        return excess(subject, conditions, length).map { .refused($0) }
            ?? .accepted(newest.next, time)
    }

    /// What is too much once a message of `length` bytes is there, and what goes with it is not.
    private func excess(
        _ subject: String,
        _ conditions: PublishConditions,
        _ length: UInt64
    ) -> AdmissionRefusal? {
        let (quota, retention) = (topic.configuration.quota, topic.configuration.retention)
        let stay = live.filter { row in
            conditions.rollup == nil || conditions.rollup == .subject && row.subject != subject
        }
        let messages = min(UInt64(stay.count) + 1, retention.maxMessages ?? .max)
        let bytes = min(stay.reduce(length) { $0 + $1.length }, retention.maxBytes ?? .max)
        if messages > quota.messages ?? .max { return .quotaOfMessages }
        return bytes > quota.bytes ?? .max ? .quotaOfBytes : nil
    }

    /// The first sequence that the limits ask for after the last chunk, when it was `before` it.
    func firstSequence(expiry: UInt64, after before: Sequence) -> Sequence {
        let limits = topic.configuration.retention
        var first = before
        var live = rows.filter { $0.sequence >= before && $0.goneAt == nil }[...]
        var bytes = live.reduce(0) { $0 + $1.length }
        func skipGone() {
            guard let last = rows.last?.sequence else { return }
            while first <= last, live.first?.sequence != first { first = first.next }
        }
        skipGone()
        while let oldest = live.first {
            let isDue =
                live.count > limits.maxMessages ?? .max || bytes > limits.maxBytes ?? .max
                || oldest.time.rawValue + (limits.maxAge ?? .max / 2) < expiry
            guard isDue, oldest.sequence < topic.floor else { return first }
            live.removeFirst()
            bytes -= oldest.length
            first = oldest.sequence.next
            skipGone()
        }
        return first
    }

    /// Compares the state with the model.
    func check(_ comment: Comment) {
        #expect(topic.tail == expected(through: lastIndex), comment)
        #expect(topic.committed == expected(through: applied), comment)
        let start = topic.windowStart(topic.committed.lastTime)
        let remembered = rows.count {
            $0.digest != nil && $0.time >= start && $0.index > forgotten
        }
        checkRemovals(comment)
        #expect(topic.idCount == remembered + open.count { $0.digest != nil }, comment)
    }

    /// Of messages whose files were gone at the last start nothing is known.
    private func checkRemovals(_ comment: Comment) {
        let committed = rows.filter { $0.sequence >= topic.firstSequence && $0.index <= applied }
        for row in committed.suffix(40) where row.index > forgotten {
            let isGone = row.goneAt.map { $0 <= applied } ?? false
            #expect(topic.isRemoved(row.sequence) == isGone, comment)
        }
        let there = committed.filter { !($0.goneAt.map { $0 <= applied } ?? false) }
        for count in 1...4 where count <= there.count {
            guard let first = there.suffix(count).first, first.index > forgotten else { return }
            #expect(topic.start(ofNewest: UInt64(count)) == first.sequence, comment)
        }
    }

    private func expected(through index: LogIndex) -> Tail {
        guard let header = chunk(at: index)?.header else { return Tail() }
        var tail = Tail()
        let live = rows.filter {
            $0.sequence >= header.firstSequence && $0.index <= index
                && !($0.goneAt.map { $0 <= index } ?? false)
        }
        tail.nextSequence = (rows.last { $0.index <= index }?.sequence ?? .zero).next
        tail.firstSequence = header.firstSequence
        tail.lastTime = chunk(at: index)?.lastTime ?? .zero
        tail.nextLamport = header.baseLamport + UInt64(max(1, header.count))
        tail.liveMessages = UInt64(live.count)
        tail.liveBytes = live.reduce(0) { $0 + $1.length }
        tail.checksum = header.checksum
        return tail
    }
}
