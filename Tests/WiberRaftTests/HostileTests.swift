import Testing
import WiberBase

@testable import WiberRaft

@Suite("Peers that say anything")
struct HostileTests {
    @Test(arguments: 1...200)
    func `no message traps`(seed: UInt64) {
        var random = RandomSource(seed: seed)
        var node = SingleNode()
        if seed % 2 == 0 { node.lead() }
        for _ in 0..<300 {
            node.now = node.now + .milliseconds(random.next() % 100)
            let effects = node.receive(Self.message(&random), from: random.next() % 5)
            for effect in effects {
                if case .persist(let state) = effect { _ = node.step(.hardStateDurable(state)) }
            }
            if node.raft.nextDeadline <= node.now { _ = node.step(.deadline) }
            let durable = LogIndex(random.next() % 40)
            _ = node.step(.logDurable(through: durable, term: node.raft.currentTerm))
        }
    }

    private static func number(_ random: inout RandomSource) -> UInt64 {
        switch random.next() % 20 {
        case 0: .max
        case 1: .max - 1
        case 2: 1 << 62
        default: random.next() % 12
        }
    }

    private static func entry(_ random: inout RandomSource) -> EntryID {
        EntryID(index: LogIndex(number(&random)), term: Term(number(&random)))
    }

    private static func message(_ random: inout RandomSource) -> RaftMessage {
        let term = Term(number(&random))
        switch random.next() % 8 {
        case 0:
            return .voteRequest(
                VoteRequest(
                    term: term,
                    last: entry(&random),
                    isPreVote: random.next() % 2 == 0,
                    isTransfer: random.next() % 4 == 0
                )
            )
        case 1:
            let isPreVote = random.next() % 2 == 0
            let isGranted = random.next() % 2 == 0
            return .voteResponse(
                VoteResponse(term: term, isGranted: isGranted, isPreVote: isPreVote)
            )
        case 2...3:
            var entries: [AppendedEntry] = []
            for _ in 0..<(random.next() % 4) {
                let voters = [NodeID(random.next() % 4), NodeID(random.next() % 4)]
                let kind: EntryKind =
                    random.next() % 4 == 0
                    ? .configuration(Configuration(voters: voters)) : .normal
                entries.append(AppendedEntry(term: Term(number(&random)), kind: kind))
            }
            return .append(
                AppendRequest(
                    term: term,
                    previous: entry(&random),
                    commit: LogIndex(number(&random)),
                    entries: entries,
                    isProbe: random.next() % 2 == 0
                )
            )
        case 4:
            return .appendResponse(
                AppendResponse(
                    term: term,
                    isRejected: random.next() % 2 == 0,
                    match: LogIndex(number(&random)),
                    verified: LogIndex(number(&random)),
                    refused: LogIndex(number(&random)),
                    hint: entry(&random)
                )
            )
        case 5: return .timeoutNow(term)
        case 6: return .stepDown(term)
        default:
            let round = number(&random)
            return random.next() % 2 == 0
                ? .confirm(term, round: round) : .confirmed(term, round: round)
        }
    }
}
