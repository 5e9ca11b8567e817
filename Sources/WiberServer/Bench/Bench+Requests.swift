import Synchronization
import WiberWire

extension Bench {
    /// Sends requests, each client one after the other, and measures the time to each answer.
    ///
    /// `services` clients of its own answer them; with 0, somebody else has to.
    ///
    /// - Throws: ``ClientError``, also if nobody answers
    public static func request(
        _ load: BenchLoad,
        services: Int,
        progress: BenchProgress = { _ in }
    ) throws -> [BenchResult] {
        let tally = Tally()
        let ready = Gate(services)
        let done = Gate(load.clients)
        let start = Mutex<ContinuousClock.Instant?>(nil)
        let found = try Crew.run(
            services + load.clients,
            watch: { progress(tally.count) },
            work: { place -> LatencyHistogram? in
                do {
                    if place < services {
                        try serve(load, ready, until: done)
                        return nil
                    }
                    guard ready.wait() else { return nil }
                    start.withLock { $0 = $0 ?? .now }
                    defer { done.arrive() }
                    return try request(load, place - services, tally)
                } catch {
                    ready.abandon()
                    done.abandon()
                    throw error
                }
            }
        )
        let seconds = (.now - (start.withLock { $0 } ?? .now)) / .seconds(1)
        var latencies = LatencyHistogram()
        for one in found { if let one { latencies.add(one) } }
        return [
            BenchResult(
                role: "requesters",
                clients: load.clients,
                messages: load.messages,
                size: load.size,
                seconds: seconds,
                latencies: latencies
            )
        ]
    }

    /// Answers requests with as many bytes as the load says, until `messages` have come.
    ///
    /// - Throws: ``ClientError``
    public static func serve(
        _ load: BenchLoad,
        progress: BenchProgress = { _ in }
    ) throws -> [BenchResult] {
        let tally = Tally()
        let start = ContinuousClock.now
        _ = try Crew.run(
            load.clients,
            watch: { progress(tally.count) },
            work: { _ in
                // The server says whose turn it is: all count together.
                let session = try service(load)
                while tally.count < load.messages {
                    tally.add(try answer(load, on: session, milliseconds: 100))
                }
                try session.flush()
            }
        )
        return [
            BenchResult(
                role: "services",
                clients: load.clients,
                messages: load.messages,
                size: load.size,
                seconds: (.now - start) / .seconds(1)
            )
        ]
    }

    private static func serve(_ load: BenchLoad, _ ready: Gate, until done: Gate) throws {
        let session = try service(load)
        ready.arrive()
        while !done.isOver { _ = try answer(load, on: session, milliseconds: 20) }
    }

    private static func service(_ load: BenchLoad) throws -> NATSSession {
        let session = try NATSSession(load.servers, name: "bench service")
        try session.send(Array("SUB \(load.subject) bench 1\r\n".utf8))
        try session.flush()
        return session
    }

    /// Answers the requests at hand; says how many those were.
    private static func answer(
        _ load: BenchLoad,
        on session: NATSSession,
        milliseconds: Int32
    ) throws -> Int {
        var out: [UInt8] = []
        var count = 0
        _ = try session.poll(milliseconds: milliseconds) { request in
            guard let reply = request.reply else { return }
            count += 1
            out += Array("PUB ".utf8) + reply + Array(" \(load.size)\r\n".utf8)
            out += repeatElement(120, count: load.size)
            out += [13, 10]
            guard out.count > 256 << 10 else { return }
            try session.send(out)
            out.removeAll(keepingCapacity: true)
        }
        if !out.isEmpty { try session.send(out) }
        return count
    }

    private static func request(
        _ load: BenchLoad,
        _ place: Int,
        _ tally: Tally
    ) throws -> LatencyHistogram {
        let session = try NATSSession(load.servers, name: "bench request")
        let inbox = Inbox.new()
        try session.send(Array("SUB \(inbox) 1\r\n".utf8))
        try session.flush()
        let request =
            Array("PUB \(load.subject) \(inbox) \(load.size)\r\n".utf8)
            + [UInt8](repeating: 120, count: load.size) + [13, 10]
        var latencies = LatencyHistogram()
        for _ in 0..<load.share(place) {
            let start = ContinuousClock.now
            var answers = 0
            var nobody = false
            try session.send(request)
            let take = { (answer: NATSDelivery) in
                answers += 1
                nobody = answer.status == 503
            }
            try session.receive(until: { answers > 0 }, each: take)
            guard !nobody else {
                throw ClientError.refused(
                    "503: nobody answers \(load.subject); run `wiber bench service` there, or "
                        + "leave --services at 1"
                )
            }
            latencies.record(nanoseconds: UInt64(max(0, (.now - start) / .nanoseconds(1))))
            tally.add(1)
        }
        return latencies
    }
}
