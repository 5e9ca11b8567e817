import WiberBase

/// When messages leave that have a time to live, the earliest first: a binary heap.
///
/// It knows what was appended; who owns it says which messages are gone. What the leader has decided to
/// let go is kept aside until it is gone for good, and comes back if the decision is given up.
struct Deadlines {
    struct Entry: Equatable {
        /// The message goes once log time is past this.
        var time: Timestamp
        var sequence: Sequence
        /// The size of its body, in bytes.
        var length: UInt32

        fileprivate func isBefore(_ other: Entry) -> Bool {
            time == other.time ? sequence < other.sequence : time < other.time
        }
    }

    /// What a message costs at most, in bytes: the array has just doubled.
    static let entrySize = 48
    /// With fewer, nobody looks for those that are gone.
    private static let lookMin = 1_024

    /// The message that comes next; what is before it is here, from where this began.
    private(set) var next: Sequence
    private var waiting: [Entry] = []
    /// Due, and kept by the topic's floor.
    private var held: [Entry] = []
    /// Due, and on their way out.
    private var decided = RingBuffer<Entry>()
    /// How many there were after all were last looked at.
    private var countAtLook = 0

    init(from start: Sequence) { next = start }

    /// The messages that are known to have an end.
    var count: Int { waiting.count + held.count + decided.count }
    /// The memory in use, about, in bytes.
    var byteCount: Int { count * Self.entrySize }

    // MARK: The log

    /// Adds the next message, if it has an end: `time` is that of the message.
    mutating func append(_ sequence: Sequence, _ time: Timestamp, _ life: UInt64?, _ length: UInt32)
    {
        invariant(sequence == next, "\(sequence) in place of \(next)")
        next = sequence.next
        guard let life else { return }
        let (end, isOver) = time.rawValue.addingReportingOverflow(life)
        let entry = Entry(time: Timestamp(isOver ? .max : end), sequence: sequence, length: length)
        insert(entry)
    }

    /// There are no messages before `sequence` that are not here and have an end.
    mutating func skip(to sequence: Sequence) { next = max(next, sequence) }

    /// The log ends before `end` now: later messages were never there, and what was decided may not be.
    mutating func truncate(from end: Sequence) {
        next = min(next, end)
        giveUp()
        held.removeAll { $0.sequence >= end }
        keep { $0.sequence < end }
    }

    // MARK: What is due

    /// Takes out the earliest message that was due before `time`.
    mutating func popDue(before time: Timestamp) -> Entry? {
        guard let first = waiting.first, first.time < time else { return nil }
        return popFirst()
    }

    /// A message that is due stays, as long as the floor is where it is.
    mutating func hold(_ entry: Entry) { held.append(entry) }

    /// The floor has moved: what it kept is looked at again.
    mutating func release() {
        let entries = held
        held = []
        for entry in entries { insert(entry) }
    }

    /// A message that is due goes, as soon as the log says so.
    mutating func decide(_ entry: Entry) { decided.append(entry) }

    /// What was decided and is not gone is due again.
    mutating func giveUp() {
        while let entry = decided.popFirst() {
            if !Mutant.deadlinesForgotten.isOn { insert(entry) }
        }
    }

    /// Forgets messages that are gone for good: those that come first, and all once there are many.
    mutating func prune(_ isGone: (Sequence) -> Bool) {
        while let entry = decided.first, isGone(entry.sequence) { decided.popFirst() }
        while let entry = waiting.first, isGone(entry.sequence) { _ = popFirst() }
        guard waiting.count + held.count > max(Self.lookMin, 2 * countAtLook) else { return }
        held.removeAll { isGone($0.sequence) }
        keep { !isGone($0.sequence) }
        countAtLook = waiting.count + held.count
    }

    // MARK: The heap

    private mutating func keep(_ isKept: (Entry) -> Bool) {
        waiting.removeAll { !isKept($0) }
        for place in (0..<waiting.count / 2).reversed() { sink(from: place) }
    }

    private mutating func insert(_ entry: Entry) {
        waiting.append(entry)
        var place = waiting.count - 1
        while place > 0, entry.isBefore(waiting[(place - 1) / 2]) {
            waiting.swapAt(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
    }

    private mutating func popFirst() -> Entry? {
        guard let first = waiting.first, let last = waiting.popLast() else { return nil }
        if !waiting.isEmpty {
            waiting[0] = last
            sink(from: 0)
        }
        return first
    }

    private mutating func sink(from start: Int) {
        var place = start
        while 2 * place + 1 < waiting.count {
            var child = 2 * place + 1
            if child + 1 < waiting.count, waiting[child + 1].isBefore(waiting[child]) { child += 1 }
            guard waiting[child].isBefore(waiting[place]) else { return }
            waiting.swapAt(place, child)
            place = child
        }
    }
}
