import WiberBase
import WiberNode

/// A connection of the lab: two ends, and what is under way between them, in order.
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
        case client(LabClient)

        var node: Int? {
            if case .node(let node, _, _) = self { return node }
            return nil
        }
    }

    /// The one who dialled, then the one who accepted.
    let ends: [End]
    /// The earliest time at which the next item may arrive, by the sender's side.
    var arrivals = [Instant.zero, .zero]
    /// What arrived while the machines were cut off from each other, by the sender's side.
    var held: [[Item]] = [[], []]
    /// Ends that hear nothing any more.
    var isClosed = [false, false]

    init(dialer: End, acceptor: End) { ends = [dialer, acceptor] }
}

/// A client that speaks the line protocol: bytes in, lines out.
final class LabClient {
    let name: String
    let node: Int
    /// Every line but INFO and MSG: replies, in order.
    private(set) var replies: [String] = []
    /// The lines of subscriptions.
    private(set) var messages: [String] = []
    /// INFO lines.
    private(set) var notices: [String] = []
    /// What was asked, one a reply.
    var requests: [String] = []
    var isClosed = false
    var link: Link?
    private var rest: [UInt8] = []

    init(name: String, node: Int) {
        self.name = name
        self.node = node
    }

    /// Requests without an answer.
    var waiting: Int { requests.count - replies.count }

    func receive(_ bytes: [UInt8]) {
        rest += bytes
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            let line = String(decoding: rest[..<end], as: UTF8.self)
            rest.removeFirst(end + 1)
            let text = line.hasSuffix("\r") ? String(line.dropLast()) : line
            guard !line.hasPrefix("INFO ") else {
                notices.append(text)
                continue
            }
            if text.hasPrefix("MSG ") { messages.append(text) } else { replies.append(text) }
        }
    }
}
