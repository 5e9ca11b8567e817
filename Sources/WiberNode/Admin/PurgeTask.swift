import WiberBase
import WiberTopic

/// Messages that are to go because somebody asked for it, and who waits for that.
struct PurgeTask {
    enum Work {
        /// What is before a message.
        case front(Sequence)
        /// One message; it is being read from disk, to know how large it is.
        case message(Sequence, isRead: Bool)
        /// Messages of some subjects.
        case subject(SubjectPurge, SubjectPurge.Progress)
    }
    let origin: CommandOrigin
    var work: Work

    var isBySubject: Bool {
        if case .subject = work { return true }
        return false
    }
}
