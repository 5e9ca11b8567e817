import WiberBase
import WiberWire

/// What became of some publishes in a row.
enum PublishReply: Equatable {
    /// Stored, from this sequence on.
    case stored(first: Sequence, count: UInt32)
    /// Stored before, from this sequence on.
    case duplicate(first: Sequence, count: UInt32)
    /// Not stored, or nobody knows.
    case failed(LineErrorCode, String, count: UInt32)

    /// How many publishes it is about.
    var count: UInt32 {
        switch self {
        case .stored(_, let count), .duplicate(_, let count), .failed(_, _, let count): count
        }
    }

    /// Writes a line for each.
    func write(into out: inout [UInt8]) {
        for place in 0..<UInt64(count) {
            switch self {
            case .stored(let first, _):
                LineWriter.ok(Sequence(first.rawValue &+ place), isDuplicate: false, into: &out)
            case .duplicate(let first, _):
                LineWriter.ok(Sequence(first.rawValue &+ place), isDuplicate: true, into: &out)
            case .failed(let code, let text, _): LineWriter.error(code, text, into: &out)
            }
        }
    }
}

/// The replies of one connection, kept in the order of its requests.
///
/// A slot is one request, or a run of publishes that share their fate: they went into one chunk
/// with consecutive sequences, so one answer serves them all.
struct ReplyQueue {
    /// What is known about a slot.
    enum State {
        /// Nothing yet.
        case pending
        /// The first publish got this sequence, each later one the next.
        case sequences(first: Sequence)
        /// What became of the publishes of the slot, in order.
        case publishes([PublishReply])
        /// The whole reply, line ends included.
        case bytes([UInt8])
    }

    private struct Slot {
        var count: UInt32
        var byteCount: Int
        var state: State
    }

    private var slots = RingBuffer<Slot>()
    private var firstSlot: UInt64 = 0
    /// The requests that wait.
    private(set) var requestCount = 0
    /// The bytes of publishes that wait.
    private(set) var byteCount = 0

    /// Adds a request whose reply comes later; returns its slot.
    mutating func add(byteCount: Int = 0) -> UInt64 {
        slots.append(Slot(count: 1, byteCount: byteCount, state: .pending))
        requestCount += 1
        self.byteCount += byteCount
        return firstSlot + UInt64(slots.count) - 1
    }

    /// Whether `slot` is the newest, so that a run may grow.
    func isNewest(_ slot: UInt64) -> Bool { firstSlot + UInt64(slots.count) == slot + 1 }

    /// Makes the run at `slot` one publish longer.
    mutating func extend(_ slot: UInt64, byteCount: Int) {
        let place = Int(slot - firstSlot)
        invariant(place == slots.count - 1, "only the newest run grows")
        slots[place].count += 1
        slots[place].byteCount += byteCount
        requestCount += 1
        self.byteCount += byteCount
    }

    /// Adds a reply that is known at once.
    mutating func add(reply: [UInt8], into out: inout [UInt8]) {
        if slots.isEmpty { return out.append(contentsOf: reply) }
        slots.append(Slot(count: 1, byteCount: 0, state: .bytes(reply)))
        requestCount += 1
    }

    /// Answers a slot; later answers to the same slot are ignored.
    mutating func complete(_ slot: UInt64, _ state: State) {
        guard slot >= firstSlot, slot - firstSlot < UInt64(slots.count) else { return }
        let place = Int(slot - firstSlot)
        guard case .pending = slots[place].state else { return }
        slots[place].state = state
    }

    /// How many requests a slot stands for.
    func count(of slot: UInt64) -> UInt32 {
        guard slot >= firstSlot, slot - firstSlot < UInt64(slots.count) else { return 0 }
        return slots[Int(slot - firstSlot)].count
    }

    /// Moves every reply whose turn has come to `out`.
    mutating func drain(into out: inout [UInt8]) {
        while let slot = slots.first {
            switch slot.state {
            case .pending: return
            case .bytes(let bytes): out.append(contentsOf: bytes)
            case .publishes(let replies): for reply in replies { reply.write(into: &out) }
            case .sequences(let first):
                PublishReply.stored(first: first, count: slot.count).write(into: &out)
            }
            popFirst(slot)
        }
    }

    /// The same for a connection on which everything that waits is a publish.
    ///
    /// - Returns: `nil` if the first one's turn has not come.
    mutating func nextPublishes() -> [PublishReply]? {
        guard let slot = slots.first else { return nil }
        switch slot.state {
        case .pending: return nil
        case .publishes(let replies):
            popFirst(slot)
            return replies
        case .sequences(let first):
            popFirst(slot)
            return [.stored(first: first, count: slot.count)]
        case .bytes:
            popFirst(slot)
            return [.failed(.unknown, "no answer", count: slot.count)]
        }
    }

    private mutating func popFirst(_ slot: Slot) {
        slots.popFirst()
        firstSlot += 1
        requestCount -= Int(slot.count)
        byteCount -= slot.byteCount
    }
}
