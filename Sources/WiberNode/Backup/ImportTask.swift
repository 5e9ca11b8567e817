import WiberBackup
import WiberBase
import WiberTopic

/// A block of a backup on its way into a topic's log, and who waits for that.
struct ImportTask {
    let origin: CommandOrigin
    /// The message before the block's first one; zero if that is the backup's first.
    let after: Sequence
    /// What is not in the log yet.
    var messages: ArraySlice<ImportedMessage>
    /// Where sequences go on, if this is the end.
    let end: EndBlock?
}

extension ImportError {
    /// For people.
    func text(_ topic: String) -> String {
        switch self {
        case .notRestoring:
            "topic \(topic) is not being restored; `wiber restore` begins with a topic that there is not"
        case .outOfOrder(let sequence):
            "message \(sequence) does not come after what topic \(topic) has; delete the topic and"
                + " restore it again"
        case .badBody(let sequence):
            "message \(sequence) of the backup is damaged; use another copy of it"
        case .dedupMemoryFull:
            "the memory for message ids is full; give the command again when others have expired, or"
                + " restore to a node with fewer topics"
        case .tooMuchGone(let sequence):
            "so many messages are gone before \(sequence) that a node cannot remember them"
        }
    }
}
