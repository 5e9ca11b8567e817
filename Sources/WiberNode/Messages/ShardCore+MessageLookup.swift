import WiberBase
import WiberTopic

/// Where a message is that somebody asks for.
enum FoundMessage {
    case at(Sequence)
    /// It is not there, or nobody can tell.
    case nothing(AdminOutcome)
    /// The topic's subjects are not known yet.
    case notYet
}

/// Which message it is that somebody asks for, by what is applied here.
extension ShardCore {
    /// The topic's place, if all is applied here that was committed when the message was asked for.
    func slot(for read: MessageRead) -> Int? {
        guard let slot = slotOfGroup[read.group], let index = read.index,
            groups[slot].raft != nil, groups[slot].applied >= index
        else { return nil }
        return slot
    }

    func find(_ query: MessageQuery, _ slot: Int) -> FoundMessage {
        let found: Sequence?
        switch query {
        case .at(let sequence):
            let text = absence(of: sequence, slot)
            return text.map { .nothing(.missing($0)) } ?? .at(sequence)
        case .last(let subject):
            if let obstacle = indexObstacle(slot) { return obstacle }
            found = groups[slot].topic.newest(of: Array(subject.utf8))
        case .next(let subject, let from):
            if let obstacle = indexObstacle(slot) { return obstacle }
            found = groups[slot].topic.first(of: Array(subject.utf8), from: from)
        }
        if let found { return .at(found) }
        let name = groups[slot].configuration.name
        return .nothing(.missing("topic \(name) has no such message of this subject"))
    }

    /// Why a message is not there; `nil` if it is.
    private func absence(of sequence: Sequence, _ slot: Int) -> String? {
        let name = groups[slot].configuration.name
        let next = groups[slot].topic.appliedNextSequence
        if sequence >= next {
            return
                "message \(sequence) of topic \(name) is not there yet: the next one will be \(next)"
        }
        return groups[slot].topic.isRemoved(sequence)
            ? "message \(sequence) of topic \(name) is gone: a limit or a command has removed it"
            : nil
    }

    /// What is in the way of asking by subject, which is asked for if it can be; `nil`: nothing.
    private func indexObstacle(_ slot: Int) -> FoundMessage? {
        guard !groups[slot].configuration.isRestoring else {
            let text =
                "topic \(groups[slot].configuration.name) is being restored; ask by sequence, or by subject"
                + " when that is done"
            return .nothing(.refused(text))
        }
        if groups[slot].topic.isIndexComplete { return nil }
        guard !groups[slot].topic.isIndexTooLarge else {
            let text =
                "the subjects of the topic's messages need more than the \(subjectBudget.limit) bytes that a"
                + " node has for them; ask by sequence"
            return .nothing(.refused(text))
        }
        groups[slot].topic.askForIndex()
        return .notYet
    }
}
