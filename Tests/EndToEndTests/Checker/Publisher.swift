import Foundation
import Synchronization

/// A thread that publishes without pause, with a window of unacknowledged messages, to one node
/// after the other; what it is told goes to a ``PublishLog``.
final class Publisher: Sendable {
    private let topic: String
    private let endpoints: [Endpoint]
    private let log: PublishLog
    private let window: Int
    private let patience: Duration
    private let isStopping = Atomic(false)
    private let problems = Mutex<[String]>([])
    private let done = DispatchSemaphore(value: 0)

    /// Starts a thread that begins with `endpoints[first]`, and takes the next one once an answer
    /// takes longer than `patience`.
    init(
        topic: String,
        endpoints: [Endpoint],
        first: Int,
        log: PublishLog,
        window: Int = 32,
        patience: Duration = .seconds(15)
    ) {
        self.topic = topic
        self.endpoints = endpoints
        self.log = log
        self.window = window
        self.patience = patience
        let client = log.addClient()
        let thread = Thread { [self] in
            var turn = first
            while !isStopping.load(ordering: .relaxed) {
                session(client: client, at: endpoints[turn % endpoints.count])
                turn += 1
            }
            done.signal()
        }
        thread.start()
    }

    /// Stops, and waits for the thread.
    ///
    /// - Returns: what went against the protocol.
    func stop() throws -> [String] {
        isStopping.store(true, ordering: .relaxed)
        guard done.wait(timeout: .now() + 30) == .success else {
            throw DeadlineMissed(what: "a publisher's end", limit: .seconds(30), lastError: nil)
        }
        return problems.withLock { $0 }
    }

    /// Publishes on one connection until it ends or the publisher stops.
    private func session(client: Int, at endpoint: Endpoint) {
        guard
            let connection = try? LineClient(
                port: endpoint.port,
                at: endpoint.site,
                within: min(patience, .seconds(2))
            )
        else {
            pause()
            return
        }
        var waiting: [Int] = []
        var lastSequence = 0
        while !isStopping.load(ordering: .relaxed) || !waiting.isEmpty {
            do {
                if !isStopping.load(ordering: .relaxed) {
                    try fill(&waiting, client: client, on: connection)
                }
                guard !waiting.isEmpty else {
                    pause()
                    continue
                }
                try takeReplies(&waiting, client: client, lastSequence: &lastSequence, connection)
            } catch {
                break
            }
        }
        for counter in waiting { log.end(client: client, counter: counter, .unknown) }
    }

    private func fill(_ waiting: inout [Int], client: Int, on connection: LineClient) throws {
        var lines: [UInt8] = []
        while waiting.count < window, log.hasBudget {
            let counter = log.begin(client: client)
            waiting.append(counter)
            lines += Array("PUB \(topic) \(client)-\(counter)\r\n".utf8)
        }
        if !lines.isEmpty { try connection.socket.send(lines) }
    }

    /// Waits for one reply and takes those that are here with it.
    private func takeReplies(
        _ waiting: inout [Int],
        client: Int,
        lastSequence: inout Int,
        _ connection: LineClient
    ) throws {
        var line: String? = try connection.readLine(within: patience)
        while let reply = line, !waiting.isEmpty {
            let counter = waiting.removeFirst()
            switch try? LineClient.Outcome(reply: reply) {
            case .stored(let sequence, let isDuplicate):
                log.end(client: client, counter: counter, .acknowledged(sequence: sequence))
                if isDuplicate { report("\(client)-\(counter) is no duplicate: \(reply)") }
                if sequence <= lastSequence {
                    report("\(client)-\(counter): \(sequence) after \(lastSequence)")
                }
                lastSequence = sequence
            case .refused:
                log.end(client: client, counter: counter, .refused)
            case .unknown:
                log.end(client: client, counter: counter, .unknown)
            case nil:
                log.end(client: client, counter: counter, .unknown)
                report("\(client)-\(counter) was answered with \(reply)")
            }
            line = connection.bufferedLine()
        }
    }

    private func report(_ problem: String) {
        problems.withLock { if $0.count < 20 { $0.append(problem) } }
    }

    /// Before the next try: the node is down, or nothing more may be sent yet.
    private func pause() {
        _ = try? eventually("another try", within: .milliseconds(20)) { false }
    }
}
