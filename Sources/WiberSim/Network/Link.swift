import WiberBase
import WiberNode

/// A connection: two ends, and what is under way between them, in order.
final class Link {
    /// What travels from one end to the other.
    enum Item {
        case opened
        case bytes([UInt8])
        case end(wasReset: Bool)
    }

    /// Who is at an end.
    enum End {
        /// A process of a machine; a later one has another epoch.
        case node(Int, epoch: Int, ConnectionID)
        case client(SimClient, epoch: Int)

        var node: Int? {
            if case .node(let node, _, _) = self { return node }
            return nil
        }
    }

    /// The one who dialled, then the one who accepted.
    let ends: [End]
    /// Whether it is a lane of frames between two nodes, from the first end to the second.
    let isLane: Bool
    /// What is under way, by the sender's side, the oldest first.
    var underway: [RingBuffer<Item>] = [RingBuffer(), RingBuffer()]
    /// The earliest time at which the next item may arrive, by the sender's side.
    var arrivals: [UInt64] = [0, 0]
    /// Items that came while nothing could pass, by the sender's side.
    var held = [0, 0]
    /// Ends that hear nothing any more.
    var isClosed = [false, false]
    /// Until when everything on it stands still.
    var stalledUntil: UInt64 = 0

    init(dialer: End, acceptor: End, isLane: Bool) {
        ends = [dialer, acceptor]
        self.isLane = isLane
    }

    var isOver: Bool { isClosed[0] && isClosed[1] }
}
