import WiberBase

/// A payload that several connections get, kept once for all of them.
public final class SharedBytes: Sendable {
    /// The bytes.
    public let bytes: [UInt8]
    /// Copies `bytes`.
    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = Array(bytes) }

    /// From how many bytes on a buffer of its own costs less than a copy for each connection.
    static let least = 16 << 10
}

/// What goes out to a NATS client, in order.
struct NATSOutput {
    /// What ends before `tail` begins.
    private enum Piece {
        case own([UInt8])
        case shared(SharedBytes)
    }

    private var pieces: [Piece] = []
    private var pieceBytes = 0
    /// The end, to which everything but a shared payload is written.
    var tail: [UInt8] = []

    /// How much it is.
    var count: Int { pieceBytes + tail.count }
    var isEmpty: Bool { tail.isEmpty && pieces.isEmpty }

    mutating func append(_ payload: SharedBytes) {
        if !tail.isEmpty { pieces.append(.own(tail)) }
        pieces.append(.shared(payload))
        pieceBytes += tail.count + payload.bytes.count
        tail = []
    }

    mutating func removeAll() { self = NATSOutput() }

    /// Hands all of it over, in order.
    mutating func drain(to connection: ConnectionID, _ emit: (ShardEffect) -> Void) {
        for piece in pieces {
            switch piece {
            case .own(let bytes): emit(.write(connection, bytes))
            case .shared(let payload): emit(.writeShared(connection, payload))
            }
        }
        if !tail.isEmpty { emit(.write(connection, tail)) }
        removeAll()
    }
}
