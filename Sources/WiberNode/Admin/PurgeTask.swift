import WiberBase
import WiberTopic

/// Messages that are to go because somebody asked for it, and who waits for that.
struct PurgeTask {
    enum Work {
        /// What is before a message.
        case front(Sequence)
        /// One message; it is being read from disk, to know how large it is.
        case message(Sequence, isRead: Bool)
        /// One message, whose body each replica is to erase.
        case erasure(Sequence, Erasing)
        /// Messages of some subjects.
        case subject(SubjectPurge, SubjectPurge.Progress)
    }
    /// How far a message is that shall be erased.
    enum Erasing {
        case waiting
        /// It is being read from disk, to know how large it is.
        case reading
        /// The next chunk says it.
        case decided
    }
    let origin: CommandOrigin
    var work: Work

    var isBySubject: Bool {
        if case .subject = work { return true }
        return false
    }
}
