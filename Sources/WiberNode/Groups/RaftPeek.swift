package import WiberBase
import WiberRaft

/// What a message of Raft promises, read from its frame: the simulator holds it against the disk.
package struct RaftPeek {
    /// What the sender commits itself to.
    package enum Promise {
        /// Its vote for the receiver, in the message's term.
        case vote
        /// Its own vote for itself, in the message's term.
        case candidacy
        /// Its log up to here, on its disk.
        case match(LogIndex)
        /// Nothing but that it knows the term.
        case term
        /// Nothing: a pre-vote asks about a term that does not exist yet.
        case nothing
    }
    /// The group.
    package let group: GroupID
    /// The term that the message speaks of.
    package let term: Term
    /// What it promises.
    package let promise: Promise

    /// Reads the body of a Raft frame; `nil` if it is none.
    package init?(_ body: UnsafeRawBufferPointer) {
        var reader = ByteReader(body)
        guard let group = try? reader.identifier(GroupID.self),
            let frame = try? reader.slice(reader.remaining), let members = RaftMembers(frame)
        else { return nil }
        let rest = members.message
        self.group = group
        if let term = RaftMessageCodec.appendTerm(rest) {
            self.term = term
            promise = .term
            return
        }
        guard let (message, _) = try? RaftMessageCodec.decode(rest, group: group) else {
            return nil
        }
        term = message.term
        switch message {
        case .voteRequest(let request): promise = request.isPreVote ? .nothing : .candidacy
        case .voteResponse(let response):
            promise = response.isPreVote ? .nothing : response.isGranted ? .vote : .term
        case .appendResponse(let response):
            promise = response.isRejected ? .term : .match(response.match)
        case .append, .timeoutNow, .stepDown, .confirm, .confirmed: promise = .term
        }
    }
}

/// Who sends a message of Raft to whom: 64 bits each, before the message.
struct RaftMembers {
    let sender: NodeID
    let receiver: NodeID
    let message: UnsafeRawBufferPointer

    /// `nil` if the bytes are too few.
    init?(_ body: UnsafeRawBufferPointer) {
        var reader = ByteReader(body)
        guard let sender = try? reader.identifier(NodeID.self),
            let receiver = try? reader.identifier(NodeID.self),
            let message = try? reader.slice(reader.remaining)
        else { return nil }
        self.sender = sender
        self.receiver = receiver
        self.message = message
    }
}
