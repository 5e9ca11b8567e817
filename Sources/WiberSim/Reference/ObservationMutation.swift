import WiberBase
import WiberRaft

/// A way to falsify what is seen of a step, so that it shows something that figure 2 forbids; the
/// reference must refuse each.
package enum ObservationMutation: CaseIterable, Sendable {
    /// A vote request is shown with a last entry that is behind the voter's.
    case candidateBehind
    /// A vote goes to another candidate than before, in the same term.
    case secondVote
    /// A new term or vote is not made durable.
    case notPersisted
    /// The term falls.
    case termFalls
    /// A leader is elected whom nobody but itself has voted for.
    case electedAlone
    /// A leader's commit index is one too high.
    case commitTooHigh
    /// A follower's commit index is beyond what it was told.
    case followerCommitsMore
    /// The commit index falls.
    case commitFalls
    /// An append that fits is taken from one entry too early on.
    case matchingDeleted
    /// The first new entry of an append is not taken, but those after it are.
    case entrySkipped
    /// An append is taken behind an entry of another term.
    case previousOfOtherTerm
    /// A follower acknowledges one entry more than it has verified and written.
    case acknowledgesMore
    /// A leader sends behind an entry of another term than it has.
    case sendsWrongPrevious
    /// A leader loses its last entry.
    case leaderTruncates
    /// A vote is told that was not given.
    case voteInvented
    /// A candidate claims a longer log than it has.
    case claimsMore
    /// A read is answered that was never asked for.
    case readUnconfirmed

    /// - Returns: whether there was something to falsify.
    func falsify(_ step: inout RaftObservation, after server: ReferenceRaft) -> Bool {
        switch self {
        case .candidateBehind: Self.showBehind(&step, server)
        case .secondVote: Self.moveVote(&step.after, server)
        case .notPersisted: Self.forgetPersist(&step.effects)
        case .termFalls: Self.lowerTerm(&step.after, server)
        case .electedAlone: Self.elect(&step.after, server)
        case .commitTooHigh: Self.raiseLeaderCommit(&step.after, server)
        case .followerCommitsMore: Self.raiseFollowerCommit(&step.after, server)
        case .commitFalls: Self.lowerCommit(&step.after, server)
        case .matchingDeleted: Self.deleteMore(&step)
        case .entrySkipped: Self.skipEntry(&step.effects)
        case .previousOfOtherTerm: Self.changePrevious(&step)
        case .acknowledgesMore: Self.raiseMatch(&step.effects)
        case .sendsWrongPrevious: Self.sendOtherPrevious(&step.effects)
        case .leaderTruncates: Self.shorten(&step.after, server)
        case .voteInvented: Self.inventVote(&step)
        case .claimsMore: Self.lengthenClaim(&step.effects)
        case .readUnconfirmed: Self.answerRead(&step.effects, server)
        }
    }

    /// The rule that it breaks.
    package var rule: RaftRefusal.Rule {
        switch self {
        case .candidateBehind, .secondVote, .voteInvented: .votes
        case .notPersisted: .persistentState
        case .termFalls: .terms
        case .electedAlone: .elections
        case .commitTooHigh, .followerCommitsMore, .commitFalls: .commit
        case .matchingDeleted: .truncation
        case .entrySkipped, .previousOfOtherTerm: .consistencyCheck
        case .acknowledgesMore: .durableBeforeAnswer
        case .sendsWrongPrevious, .claimsMore: .messages
        case .leaderTruncates: .state
        case .readUnconfirmed: .reads
        }
    }
}
