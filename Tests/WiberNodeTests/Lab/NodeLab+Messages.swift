import WiberBase
import WiberTopic

@testable import WiberNode

/// Single messages in the lab, as the HTTP port asks for them.
extension NodeLab {
    /// What becomes of a question for a message of `news`.
    func read(_ query: MessageQuery, at place: Int, topic: String = "news") -> AdminOutcome? {
        administer(at: place, within: .seconds(15), .readMessage(topic: topic, query))
    }

    /// A message as JSON; or why there is none.
    func message(_ query: MessageQuery, at place: Int) -> String {
        switch read(query, at: place) {
        case .message(let json): String(decoding: json, as: UTF8.self)
        case .missing(let text): "missing: \(text)"
        case .late(let text): "late: \(text)"
        case .refused(let text): "refused: \(text)"
        case .busy(let text): "busy: \(text)"
        case .elsewhere(let host, _): "elsewhere: \(host)"
        case .done, .block, nil: "nothing"
        }
    }

    /// The sequence of a message that is found.
    func sequence(_ query: MessageQuery, at place: Int) -> UInt64? {
        let parts = message(query, at: place).split(separator: "{\"sequence\":", maxSplits: 1)
        return parts.first.flatMap { UInt64($0.prefix { $0.isNumber }) }
    }

    /// A message as HISTORY of a node has it.
    func historyMessage(_ sequence: UInt64, at place: Int) -> String {
        let reply = ask(node: place, "HISTORY news \(sequence) 1").joined()
        return String(reply.drop { $0 != "[" }.dropFirst().dropLast(2))
    }
}
