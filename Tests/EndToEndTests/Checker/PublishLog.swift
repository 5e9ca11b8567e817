import Synchronization

/// What publishers were told, by client and counter; written by their threads, read by the checker.
final class PublishLog: Sendable {
    /// What became of one message.
    enum Fate: Equatable {
        case waiting
        case acknowledged(sequence: Int)
        case refused
        case unknown

        init(_ outcome: LineClient.Outcome) {
            self =
                switch outcome {
                case .stored(let sequence, _): .acknowledged(sequence: sequence)
                case .refused: .refused
                case .unknown: .unknown
                }
        }
    }

    /// What is known, and how much more may be sent.
    private struct State {
        var clients: [[Fate]] = []
        var attempted = 0
        var acknowledged = 0
        var budget = Int.max
        var last = 0
        var lastText = ""
        /// When the last acknowledgement came, and the longest time between two while publishers
        /// could send.
        var lastAt: ContinuousClock.Instant?
        var longestGap = Duration.zero
    }

    private let state = Mutex(State())

    /// The number of a new client.
    func addClient() -> Int {
        state.withLock {
            $0.clients.append([])
            return $0.clients.count - 1
        }
    }

    /// The counter of a client's next message.
    func begin(client: Int) -> Int {
        state.withLock {
            $0.attempted += 1
            $0.clients[client].append(.waiting)
            return $0.clients[client].count - 1
        }
    }

    func end(client: Int, counter: Int, _ fate: Fate) {
        state.withLock {
            $0.clients[client][counter] = fate
            guard case .acknowledged(let sequence) = fate else { return }
            $0.acknowledged += 1
            let now = ContinuousClock.now
            if let before = $0.lastAt, $0.budget == .max {
                $0.longestGap = max($0.longestGap, now - before)
            }
            $0.lastAt = now
            if sequence > $0.last {
                $0.last = sequence
                $0.lastText = "\(client)-\(counter)"
            }
        }
    }

    /// Every message's fate; what still waits is unknown.
    func fates() -> [[Fate]] {
        state.withLock { state in
            state.clients.map { $0.map { $0 == .waiting ? .unknown : $0 } }
        }
    }

    var acknowledgedCount: Int { state.withLock(\.acknowledged) }

    /// The acknowledged message with the highest sequence; 0 if there is none.
    var last: (sequence: Int, text: String) { state.withLock { ($0.last, $0.lastText) } }

    /// The longest time without an acknowledgement, while publishers could always send.
    var longestGap: Duration { state.withLock(\.longestGap) }

    /// Whether publishers may send more.
    var hasBudget: Bool { state.withLock { $0.attempted < $0.budget } }

    /// Lets publishers send `count` messages more than were sent until now, and then no more.
    func allow(_ count: Int) {
        state.withLock { $0.budget = $0.attempted + count }
    }
}
