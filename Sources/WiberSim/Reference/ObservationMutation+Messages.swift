import WiberBase
import WiberRaft

/// Falsified inputs and effects.
extension ObservationMutation {
    static func showBehind(_ step: inout RaftObservation, _ server: ReferenceRaft) -> Bool {
        let vote = step.after.hardState
        guard case .received(.voteRequest(var request), let node) = step.input,
            !request.isPreVote, vote.votedFor == node, vote != server.hardState,
            server.last > .zero
        else { return false }
        request.last = .zero
        step.input = .received(.voteRequest(request), from: node)
        return true
    }

    static func inventVote(_ step: inout RaftObservation) -> Bool {
        replace(&step.effects) { effect in
            guard case .send(.voteResponse(let response), let node) = effect,
                !response.isGranted, !response.isPreVote
            else { return nil }
            let vote = VoteResponse(term: response.term, isGranted: true)
            return .send(.voteResponse(vote), to: node)
        }
    }

    static func forgetPersist(_ effects: inout [Effect]) -> Bool {
        let count = effects.count
        effects.removeAll { effect in
            if case .persist = effect { return true }
            return false
        }
        return effects.count < count
    }

    static func deleteMore(_ step: inout RaftObservation) -> Bool {
        guard case .received(.append(let request), _) = step.input else { return false }
        return replace(&step.effects) { effect in
            guard case .accept(let from, let through) = effect, from > request.previous.index.next
            else { return nil }
            return .accept(from: from.previous, through: through)
        }
    }

    static func skipEntry(_ effects: inout [Effect]) -> Bool {
        replace(&effects) { effect in
            guard case .accept(let from, let through) = effect, from < through else { return nil }
            return .accept(from: from.next, through: through)
        }
    }

    static func changePrevious(_ step: inout RaftObservation) -> Bool {
        guard case .received(.append(var request), let node) = step.input,
            request.previous.index > .zero
        else { return false }
        let isTaken = step.effects.contains { effect in
            if case .accept = effect { return true }
            return false
        }
        request.previous.term = request.previous.term.next
        if isTaken { step.input = .received(.append(request), from: node) }
        return isTaken
    }

    static func raiseMatch(_ effects: inout [Effect]) -> Bool {
        replace(&effects) { effect in
            guard case .send(.appendResponse(var response), let node) = effect,
                !response.isRejected
            else { return nil }
            response.match = response.match.next
            response.verified = max(response.verified, response.match)
            return .send(.appendResponse(response), to: node)
        }
    }

    static func sendOtherPrevious(_ effects: inout [Effect]) -> Bool {
        replace(&effects) { effect in
            guard
                case .replicate(let node, var request, let from, let through, let budget) = effect
            else { return nil }
            request.previous.term = request.previous.term.next
            return .replicate(
                to: node,
                request: request,
                from: from,
                through: through,
                byteBudget: budget
            )
        }
    }

    static func lengthenClaim(_ effects: inout [Effect]) -> Bool {
        replace(&effects) { effect in
            guard case .send(.voteRequest(var request), let node) = effect else { return nil }
            request.last.index = request.last.index.next
            return .send(.voteRequest(request), to: node)
        }
    }

    static func answerRead(_ effects: inout [Effect], _ server: ReferenceRaft) -> Bool {
        replace(&effects) { effect in
            guard case .readFailed(let context) = effect else { return nil }
            return .readReady(context: context, index: server.commitIndex)
        }
    }

    /// Replaces the first effect for which there is another.
    private static func replace(
        _ effects: inout [Effect],
        _ change: (Effect) -> Effect?
    ) -> Bool {
        for place in effects.indices {
            if let other = change(effects[place]) {
                effects[place] = other
                return true
            }
        }
        return false
    }
}
