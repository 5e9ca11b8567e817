import WiberBase

/// Publishes in order, on their way into a topic's log.
struct PublishBatch {
    /// Some publishes in a row of one connection, answered together at its reply slot.
    struct Run: Equatable {
        var connection: ConnectionID
        var slot: UInt64
        var count: UInt32
    }

    /// Whom to tell what became of them.
    enum Target {
        /// Clients of this node, in the order of the batch.
        case clients([Run])
        /// The node that forwarded it.
        case peer(NodeID, request: UInt64)
    }

    /// Each a 32-bit length, then an encoded ``MessageBody``.
    var bodies: [UInt8] = []
    var count = 0
    var target: Target
    /// Its place among this node's batches.
    let order: UInt64
    /// When the first one arrived.
    let since: Instant
    /// It was sent to another node once, and refused: batches that were sent after it may still be
    /// on their way back, so what comes now is no part of it.
    var wasSent = false

    /// An empty batch of clients.
    init(order: UInt64, since: Instant) {
        target = .clients([])
        self.order = order
        self.since = since
    }

    /// Whether another publish should open a new batch.
    var isFull: Bool {
        if case .peer = target { return true }
        return wasSent || bodies.count >= 512 << 10 || count >= ChunkHeader.countMax
    }

    /// The bytes of bodies, without their lengths.
    var byteCount: Int { max(0, bodies.count - 4 * count) }

    /// The run that a next publish might extend.
    var newestRun: Run? {
        if case .clients(let runs) = target { return runs.last }
        return nil
    }

    /// Adds a client's publish.
    mutating func append(_ body: MessageBody, connection: ConnectionID, slot: UInt64) {
        bodies.appendInteger(UInt32(body.encodedLength))
        body.encode(into: &bodies)
        count += 1
        guard case .clients(var runs) = target else { return }
        target = .clients([])
        if let last = runs.last, last.connection == connection, last.slot == slot {
            runs[runs.count - 1].count += 1
        } else {
            runs.append(Run(connection: connection, slot: slot, count: 1))
        }
        target = .clients(runs)
    }

    /// Calls `visit` with each body, in order; an unreadable rest is `nil` once a message.
    func visitBodies(_ visit: (UnsafeRawBufferPointer?) -> Void) {
        bodies.withUnsafeBytes { bytes in
            var reader = ByteReader(bytes)
            for _ in 0..<count {
                if let length = try? reader.integer(UInt32.self),
                    let body = try? reader.slice(Int(length))
                {
                    visit(body)
                } else {
                    visit(nil)
                }
            }
        }
    }
}
