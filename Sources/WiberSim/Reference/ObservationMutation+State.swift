import WiberBase
import WiberRaft

/// Falsified states.
extension ObservationMutation {
    static func moveVote(_ after: inout RaftView, _ server: ReferenceRaft) -> Bool {
        let vote = after.hardState
        guard vote.term == server.currentTerm, vote.votedFor == server.votedFor,
            vote.votedFor > .zero
        else { return false }
        after.hardState.votedFor = NodeID(vote.votedFor.rawValue % 3 + 1)
        return true
    }

    static func lowerTerm(_ after: inout RaftView, _ server: ReferenceRaft) -> Bool {
        guard server.currentTerm > .zero else { return false }
        after.hardState = HardState(term: Term(server.currentTerm.rawValue - 1))
        return true
    }

    static func elect(_ after: inout RaftView, _ server: ReferenceRaft) -> Bool {
        guard after.role == .candidate, server.durableHardState == after.hardState else {
            return false
        }
        after.role = .leader
        return true
    }

    static func raiseLeaderCommit(_ after: inout RaftView, _ server: ReferenceRaft) -> Bool {
        guard after.role == .leader, server.role == .leader, after.commitIndex < after.last.index
        else { return false }
        after.commitIndex = after.commitIndex.next
        return true
    }

    static func raiseFollowerCommit(_ after: inout RaftView, _ server: ReferenceRaft) -> Bool {
        guard after.role == .follower, server.role == .follower,
            after.commitIndex < after.last.index
        else { return false }
        after.commitIndex = after.last.index
        return true
    }

    static func lowerCommit(_ after: inout RaftView, _ server: ReferenceRaft) -> Bool {
        guard server.commitIndex > .zero else { return false }
        after.commitIndex = server.commitIndex.previous
        return true
    }

    static func shorten(_ after: inout RaftView, _ server: ReferenceRaft) -> Bool {
        guard after.role == .leader, server.role == .leader, after.last.index > after.commitIndex
        else { return false }
        after.last.index = after.last.index.previous
        return true
    }
}
