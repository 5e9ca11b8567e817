public import WiberBase
import WiberSubject

/// Which message of a topic somebody asks for.
public enum MessageQuery: Equatable, Sendable {
    /// The one with a sequence.
    case at(Sequence)
    /// The newest of a subject.
    case last(subject: String)
    /// The first of a subject from a sequence on.
    case next(subject: String, from: Sequence)

    /// The subject by which it asks.
    var subject: [UInt8]? {
        switch self {
        case .at: nil
        case .last(let subject), .next(let subject, _): Array(subject.utf8)
        }
    }

    /// Why nobody can be asked for this.
    var refusal: String? {
        switch self {
        case .at(.zero): return "there is no message 0: sequences begin with 1"
        case .at: return nil
        case .last(let subject), .next(let subject, _):
            var subject = subject
            let isLiteral = subject.withUTF8 { Subject.isLiteral(UnsafeRawBufferPointer($0)) }
            return isLiteral
                ? nil
                : "name exactly one subject, such as orders.eu.paid: wildcards are not looked up here"
        }
    }
}

/// Somebody who waits for one message.
struct MessageRead {
    /// The number of the command.
    let command: UInt64
    let group: GroupID
    let query: MessageQuery
    let deadline: Instant
    /// What must be applied before it is answered; `nil` until the leader has said so.
    var index: LogIndex?
    /// The message that is being read from disk.
    var reading: Sequence?
}
