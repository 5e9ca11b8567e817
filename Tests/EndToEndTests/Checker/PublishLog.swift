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

    private let clients = Mutex<[[Fate]]>([])

    /// The number of a new client.
    func addClient() -> Int {
        clients.withLock {
            $0.append([])
            return $0.count - 1
        }
    }

    /// The counter of a client's next message.
    func begin(client: Int) -> Int {
        clients.withLock {
            $0[client].append(.waiting)
            return $0[client].count - 1
        }
    }

    func end(client: Int, counter: Int, _ fate: Fate) {
        clients.withLock { $0[client][counter] = fate }
    }

    /// Every message's fate; what still waits is unknown.
    func fates() -> [[Fate]] {
        clients.withLock { clients in clients.map { $0.map { $0 == .waiting ? .unknown : $0 } } }
    }

    var acknowledgedCount: Int {
        clients.withLock { clients in
            clients.reduce(0) { sum, fates in
                sum + fates.count { if case .acknowledged = $0 { true } else { false } }
            }
        }
    }
}
