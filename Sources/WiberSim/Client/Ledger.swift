/// What was published, what clients were told, and what the logs hold: they must agree.
final class Ledger {
    /// The messages of a topic as committed, by sequence.
    struct Topic {
        var texts: [UInt64: [UInt8]] = [:]
        /// Where a text is, the last time if it is there twice.
        var sequences: [[UInt8]: (sequence: UInt64, time: UInt64)] = [:]
        /// The highest sequence that was acknowledged.
        var acknowledged: UInt64 = 0
        var last: UInt64 = 0
        var lastTime: UInt64 = 0
        /// The first that retention has left.
        var first: UInt64 = 1
        /// What is there: subject and size of each message, and the log time at which it goes.
        var live: [UInt64: (subject: String, length: UInt64, end: UInt64?)] = [:]
        /// From which message on all must stay: the highest floor that anybody asked for.
        var floor: UInt64?
        var liveBytes: UInt64 = 0
        /// By subject, oldest first; what has left from the front may be there.
        var bySubject: [String: [UInt64]] = [:]
        /// What is gone from the middle, and when that was committed.
        var gone: [UInt64: Int] = [:]
        /// What somebody wanted to go.
        var asked: Set<UInt64> = []
        /// What somebody wanted erased, as committed, and the bodies of what may be.
        var erased: Set<UInt64> = []
        var bodies: [UInt64: [UInt8]] = [:]
        /// The latest in order of what each connection has sent and is committed.
        var orders: [String: Int] = [:]

        /// The time of a message, unless its text was stored again since.
        func time(of sequence: UInt64) -> UInt64? {
            texts[sequence].flatMap { sequences[$0] }.flatMap {
                $0.sequence == sequence ? $0.time : nil
            }
        }
    }

    var topics: [String: Topic] = [:]
    /// How many entries were committed.
    var applied = 0
    /// By topic and text.
    private var publishes: [String: [[UInt8]: Publish]] = [:]
    /// Publishes with an unknown outcome that somebody may send again.
    var retries: [Publish] = []
    private(set) var acknowledgedCount = 0
    private var sentCount = 0

    /// In log time: a repeat that comes later may be stored again.
    private func dedupWindow(_ topic: String) -> UInt64 {
        topic == "short" ? shortWindow : 120_000_000_000
    }
    let shortWindow: UInt64

    init(shortWindow: UInt64) { self.shortWindow = shortWindow }

    /// The most that wait to be sent again.
    static let retriesMax = 64

    func acknowledged(_ topic: String) -> UInt64 { topics[topic]?.acknowledged ?? 0 }

    /// Retention has moved on, as committed.
    func trimmed(_ topic: String, to first: UInt64) {
        topics[topic, default: Topic()].first = first
    }

    func sent(_ publish: Publish, on connection: String) {
        sentCount += 1
        publish.order = sentCount
        publish.connection = connection
        publish.acknowledgedBefore = acknowledged(publish.topic)
        publishes[publish.topic, default: [:]][publish.bytes] = publish
    }

    /// A message is committed; returns what is wrong with that.
    func committed(
        _ topic: String,
        _ sequence: UInt64,
        _ time: UInt64,
        _ bytes: [UInt8]
    ) -> String? {
        if let problem = self.problem(topic, sequence, time, bytes) { return problem }
        topics[topic, default: Topic()].last = sequence
        topics[topic]?.lastTime = time
        topics[topic]?.texts[sequence] = bytes
        topics[topic]?.sequences[bytes] = (sequence, time)
        if let publish = publishes[topic]?[bytes], !publish.isRepeatable {
            topics[topic]?.orders[publish.connection] = publish.order
        }
        return nil
    }

    private func problem(
        _ topic: String,
        _ sequence: UInt64,
        _ time: UInt64,
        _ bytes: [UInt8]
    ) -> String? {
        let text = "\(String(decoding: bytes.prefix(40), as: UTF8.self)) at \(sequence) of \(topic)"
        if let other = topics[topic]?.sequences[bytes], time - other.time < dedupWindow(topic) {
            return "\(text) is stored at \(other.sequence), too,"
                + " \((time - other.time) / 1_000_000) ms of log time before"
        }
        guard let publish = publishes[topic]?[bytes] else { return "\(text) was never published" }
        if publish.outcome == .refused { return "\(text) was refused, and is stored" }
        if !publish.isRepeatable, publish.order < topics[topic]?.orders[publish.connection] ?? 0 {
            return "\(text) is behind what its connection had sent later"
        }
        let last = topics[topic]?.last ?? 0
        guard sequence == last + 1 else { return "\(text) follows \(last)" }
        let lastTime = topics[topic]?.lastTime ?? 0
        return time > lastTime ? nil : "\(text) has the time \(time), after \(lastTime)"
    }

    /// A client is told that its message is stored; returns what is wrong with that.
    func stored(_ publish: Publish, at sequence: UInt64, isDuplicate: Bool) -> String? {
        let topic = publish.topic
        let bytes = topics[topic]?.texts[sequence]
        guard bytes == publish.bytes else {
            return "\(publish.text) was acknowledged at \(sequence) of \(topic), where"
                + " \(bytes.map { String(decoding: $0, as: UTF8.self) } ?? "nothing") is committed"
        }
        if !isDuplicate, sequence <= publish.acknowledgedBefore {
            return "\(publish.text) got \(sequence) of \(topic), though"
                + " \(publish.acknowledgedBefore) had been acknowledged before it was sent"
        }
        if isDuplicate, !publish.isRepeatable {
            return "\(publish.text) was taken for a duplicate in \(topic)"
        }
        publish.outcome = .stored(sequence)
        acknowledgedCount += 1
        let highest = max(sequence, acknowledged(topic))
        topics[topic]?.acknowledged = highest
        return nil
    }

    /// A client is told that its message is not stored; returns what is wrong with that.
    func refused(_ publish: Publish) -> String? {
        // A repeat may be refused where the first one is stored: nobody was told about that one.
        guard !publish.isRepeatable else { return nil }
        publish.outcome = .refused
        guard let found = topics[publish.topic]?.sequences[publish.bytes] else { return nil }
        return "\(publish.text) was refused, and is at \(found.sequence) of \(publish.topic)"
    }

    func unknown(_ publish: Publish) {
        guard publish.isRepeatable, retries.count < Self.retriesMax else { return }
        retries.append(publish)
    }
}
