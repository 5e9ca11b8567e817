import Synchronization
import WiberWire

extension Bench {
    /// Publishes to a topic, or a stream, and waits for the acknowledgement of each message.
    ///
    /// At most `window` messages of a client are unacknowledged; 1 is one after the other.
    ///
    /// - Throws: ``ClientError``, also at the first message that is not stored
    public static func store(
        _ load: BenchLoad,
        window: Int,
        progress: BenchProgress = { _ in }
    ) throws -> [BenchResult] {
        let tally = Tally()
        let start = ContinuousClock.now
        let found = try Crew.run(
            load.clients,
            watch: { progress(tally.count) },
            work: { place in
                var run = StoreRun(load, messages: load.share(place), window: window)
                try run.run(tally)
                return (latencies: run.latencies, duplicates: run.duplicates)
            }
        )
        let seconds = (.now - start) / .seconds(1)
        var latencies = LatencyHistogram()
        for one in found { latencies.add(one.latencies) }
        return [
            BenchResult(
                role: "publishers",
                clients: load.clients,
                messages: load.messages,
                size: load.size,
                seconds: seconds,
                latencies: latencies,
                duplicates: found.reduce(0) { $0 + $1.duplicates }
            )
        ]
    }
}

/// One client's publishes to a topic.
struct StoreRun {
    private let load: BenchLoad
    private let messages: Int
    private let window: Int
    private let inbox = Inbox.new()
    private let payload: [UInt8]
    private var sent = 0
    private var answered = 0
    /// When each of the last ``window`` messages was sent, by its number.
    private var sentAt: [ContinuousClock.Instant]
    private(set) var latencies = LatencyHistogram()
    private(set) var duplicates = 0

    init(_ load: BenchLoad, messages: Int, window: Int) {
        self.load = load
        self.messages = messages
        self.window = window
        payload = [UInt8](repeating: 120, count: load.size) + [13, 10]
        sentAt = Array(repeating: .now, count: window)
    }

    mutating func run(_ tally: Tally) throws {
        let session = try NATSSession(load.servers, name: "bench topic")
        try session.send(Array("SUB \(inbox).* 1\r\n".utf8))
        try session.flush()
        var heardAt = ContinuousClock.now
        while answered < messages {
            try sendMore(on: session)
            let before = answered
            var failure: ClientError?
            // Nothing is waited for while more may be sent.
            let isFull = sent == messages || sent - answered >= window
            let hasCome = try session.poll(milliseconds: isFull ? 1_000 : 0) { answer in
                failure = failure ?? take(answer)
            }
            if let failure { throw failure }
            tally.add(answered - before)
            if hasCome {
                heardAt = .now
            } else if ContinuousClock.now - heardAt > .seconds(15) {
                throw ClientError.timeout(address: "\(session.connection.address)", seconds: 15)
            }
        }
    }

    /// Sends what the window allows, at most 64 KiB at a time.
    private mutating func sendMore(on session: NATSSession) throws {
        var out: [UInt8] = []
        let now = ContinuousClock.now
        while sent < messages, sent - answered < window, out.count < 64 << 10 {
            out += Array("PUB \(load.subject) \(inbox).\(sent) \(load.size)\r\n".utf8)
            out += payload
            sentAt[sent % window] = now
            sent += 1
        }
        if !out.isEmpty { try session.send(out) }
    }

    /// Counts an acknowledgement; what else it may be ends the run.
    private mutating func take(_ answer: NATSDelivery) -> ClientError? {
        if answer.status == 503 {
            return .refused(
                "503: no topic captures \(load.subject); `wiber topics` lists them, and the "
                    + "configuration or `wiber pub` makes one"
            )
        }
        guard Self.has("\"seq\":", in: answer.payload), !Self.has("\"error\":", in: answer.payload)
        else { return .refused(String(decoding: answer.payload, as: UTF8.self)) }
        if Self.has("\"duplicate\":true", in: answer.payload) { duplicates += 1 }
        let digits = answer.subject.dropFirst(inbox.utf8.count + 1)
        guard let number = Int(String(decoding: digits, as: UTF8.self)), number >= 0, number < sent
        else { return .unexpected(String(decoding: answer.subject, as: UTF8.self)) }
        answered += 1
        let span = ContinuousClock.now - sentAt[number % window]
        latencies.record(nanoseconds: UInt64(max(0, span / .nanoseconds(1))))
        return nil
    }

    private static func has(_ text: StaticString, in bytes: UnsafeRawBufferPointer) -> Bool {
        let sought = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
        guard bytes.count >= sought.count else { return false }
        return (0...bytes.count - sought.count).contains { place in
            sought.indices.allSatisfy { bytes[place + $0] == sought[$0] }
        }
    }
}
