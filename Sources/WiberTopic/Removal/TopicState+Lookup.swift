public import WiberBase
import WiberSubject

/// Single messages that somebody asks for by subject, as far as the log is committed.
///
/// What this leader has decided and not stored yet changes nothing here.
extension TopicState {
    /// The newest message of a subject; `nil` if there is none.
    ///
    /// - Precondition: ``isIndexComplete``.
    public func newest(of subject: [UInt8]) -> Sequence? {
        guard let number = number(of: subject) else { return nil }
        return index?.newest(
            number,
            from: committed.firstSequence,
            before: committed.nextSequence,
            isGone: isRemoved
        )?.sequence
    }

    /// The first message of a subject from `start` on; `nil` if there is none.
    ///
    /// - Precondition: ``isIndexComplete``.
    public func first(of subject: [UInt8], from start: Sequence) -> Sequence? {
        guard let number = number(of: subject) else { return nil }
        return index?.oldest(
            number,
            from: max(start, committed.firstSequence),
            before: committed.nextSequence,
            isGone: isRemoved
        )?.sequence
    }

    func number(of subject: [UInt8]) -> Int? {
        subject.withUnsafeBytes { index?.number(of: $0) }
    }
}
