import WiberBase

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
            case .sequences(let first):
                for place in 0..<UInt64(slot.count) {
                    out.appendLiteral("OK ")
                    out.appendDecimal(first.rawValue &+ place)
                    out.appendLiteral("\r\n")
                }
            }
            slots.popFirst()
            firstSlot += 1
            requestCount -= Int(slot.count)
            byteCount -= slot.byteCount
        }
    }
}
