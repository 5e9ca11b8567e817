import Synchronization

/// Measurements of a NATS server, whichever it is.
public enum Bench {
    /// Publishes as fast as the server reads.
    ///
    /// - Throws: ``ClientError``
    public static func publish(
        _ load: BenchLoad,
        progress: BenchProgress = { _ in }
    ) throws -> [BenchResult] {
        let tally = Tally()
        let start = ContinuousClock.now
        let ends = try Crew.run(
            load.clients,
            watch: { progress(tally.count) },
            work: { place in
                let session = try NATSSession(load.servers, name: "bench pub")
                return try publish(load, load.share(place), on: session, tally)
            }
        )
        return [result("publishers", load, load.messages, start, ends)]
    }

    /// Receives what others publish, until all clients have `messages` each.
    ///
    /// The time counts from the first message. What comes is waited for without limit.
    ///
    /// - Throws: ``ClientError``
    public static func subscribe(
        _ load: BenchLoad,
        progress: BenchProgress = { _ in }
    ) throws -> [BenchResult] {
        let tally = Tally()
        let gate = Gate(load.clients)
        let times = try Crew.run(
            load.clients,
            watch: { progress(tally.count) },
            work: { _ in
                try receive(load, gate, tally, patience: nil)
            }
        )
        guard let start = times.map(\.first).min() else { return [] }
        let count = load.messages * load.clients
        return [result("subscribers", load, count, start, times.map(\.last))]
    }

    /// Publishes to subscribers of its own, each of which gets every message.
    ///
    /// - Throws: ``ClientError``
    public static func publishAndSubscribe(
        _ load: BenchLoad,
        subscribers: Int,
        progress: BenchProgress = { _ in }
    ) throws -> [BenchResult] {
        let tally = Tally()
        let gate = Gate(subscribers)
        let started = Mutex<ContinuousClock.Instant?>(nil)
        let all = try Crew.run(
            subscribers + load.clients,
            watch: { progress(tally.count) },
            work: { place -> ContinuousClock.Instant? in
                do {
                    if place < subscribers {
                        return try receive(load, gate, tally, patience: 15).last
                    }
                    let session = try NATSSession(load.servers, name: "bench pub")
                    guard gate.wait() else { return nil }
                    started.withLock { $0 = $0 ?? .now }
                    return try publish(load, load.share(place - subscribers), on: session, Tally())
                } catch {
                    gate.abandon()
                    throw error
                }
            }
        )
        let start = started.withLock { $0 } ?? .now
        let received = all.prefix(subscribers).compactMap { $0 }
        let published = all.dropFirst(subscribers).compactMap { $0 }
        var heard = result("subscribers", load, load.messages * subscribers, start, received)
        heard.clients = subscribers
        return [result("publishers", load, load.messages, start, published), heard]
    }

    private static func result(
        _ role: String,
        _ load: BenchLoad,
        _ messages: Int,
        _ start: ContinuousClock.Instant,
        _ ends: [ContinuousClock.Instant]
    ) -> BenchResult {
        let seconds = ((ends.max() ?? start) - start) / .seconds(1)
        return BenchResult(
            role: role,
            clients: load.clients,
            messages: messages,
            size: load.size,
            seconds: seconds
        )
    }

    /// Publishes one client's share; returns when the server had taken in all.
    private static func publish(
        _ load: BenchLoad,
        _ messages: Int,
        on session: NATSSession,
        _ tally: Tally
    ) throws -> ContinuousClock.Instant {
        let (block, count) = load.block()
        let length = block.count / count
        var left = messages
        while left > 0 {
            let now = min(left, count)
            try session.send(now == count ? block : Array(block[..<(now * length)]))
            // A server that pings wants to be answered.
            while try session.poll(milliseconds: 0) {}
            left -= now
            tally.add(now)
        }
        try session.flush()
        return .now
    }

    /// Receives `load.messages`; the times of the first and the last.
    private static func receive(
        _ load: BenchLoad,
        _ gate: Gate,
        _ tally: Tally,
        patience: Int?
    ) throws -> (first: ContinuousClock.Instant, last: ContinuousClock.Instant) {
        let session = try NATSSession(load.servers, name: "bench sub")
        try session.send(Array("SUB \(load.subject) 1\r\n".utf8))
        var received = 0
        // Messages may come with the answer to the PING.
        try session.flush { _ in received += 1 }
        gate.arrive()
        var told = 0
        var first: ContinuousClock.Instant? = received > 0 ? .now : nil
        var heardAt = ContinuousClock.now
        while received < load.messages {
            if try session.poll(milliseconds: 1_000, each: { _ in received += 1 }) {
                heardAt = .now
                if first == nil, received > 0 { first = heardAt }
                tally.add(received - told)
                told = received
            } else if let patience, ContinuousClock.now - heardAt > .seconds(patience) {
                throw ClientError.refused(
                    "nothing more came after \(received) of \(load.messages) messages"
                )
            }
        }
        return (first ?? heardAt, heardAt)
    }
}
