public import WiberBase

/// Why bytes are no whole backup, and what to do.
public enum BackupError: Error, Equatable, Sendable, CustomStringConvertible {
    /// A block is not what was written.
    case damaged(CodecError)
    /// A block stands where it does not belong: others are missing, doubled or in another order.
    case misplaced(BlockKind)
    /// The bytes end before the backup does.
    case incomplete
    /// Something comes after the end.
    case tooMuch
    /// The messages are not those that the topic had.
    case otherTotals(topic: String, expected: BackupTotals, found: BackupTotals)
    /// The topics are not those that the backup says it has.
    case otherTopics

    /// What is wrong, and what to do.
    public var description: String {
        switch self {
        case .damaged(let error):
            "the backup is damaged: \(error); use another copy of it"
        case .misplaced(let kind):
            "the backup is damaged: a block of kind \(kind) stands where it does not belong; use"
                + " another copy of it"
        case .incomplete:
            "the backup ends early, as one does that was interrupted; use another one, or take it again"
        case .tooMuch:
            "there is more after the end of the backup; it was joined with something, use another copy"
        case .otherTotals(let topic, let expected, let found):
            "topic \(topic) had \(expected.messages) messages of \(expected.bytes) bytes, and"
                + " \(found.messages) of \(found.bytes) bytes came; take the backup again"
        case .otherTopics:
            "the files are not those that the backup's contents name; use another copy of it"
        }
    }
}
