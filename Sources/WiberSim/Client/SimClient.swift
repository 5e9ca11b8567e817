import WiberBase

/// A client that speaks the line protocol: it publishes, repeats what may be repeated, reads
/// history, follows topics, and goes to another node when its own is gone.
final class SimClient {
    /// A request whose reply has not come.
    enum Request {
        case publish(Publish)
        /// HISTORY must show at least this sequence.
        case history(HistoryRequest)
        case subscribe(String)
        case other
    }

    /// A HISTORY, and what was known when it was asked.
    struct HistoryRequest {
        var topic: String
        var from: UInt64
        /// The last message that was acknowledged.
        var acknowledged: UInt64
        /// How many entries were committed.
        var applied: Int
    }

    /// A topic that it follows, and the message that must come next.
    struct Subscription {
        var topic: String
        var next: UInt64?
    }

    let name: String
    var random: RandomSource
    /// Grows with each connection.
    var epoch = 0
    var link: Link?
    var pending = RingBuffer<Request>()
    var subscriptions: [Subscription] = []
    /// Since when the oldest request waits.
    var waitingSince: UInt64 = 0
    /// Whether it begins nothing new.
    var isIdle = false
    /// Topics in which a publish of its own is stored.
    private(set) var stored: Set<String> = []
    private var rest: [UInt8] = []
    private var published = 0
    /// The last sequence that each topic gave on this connection.
    private var lastStored: [String: UInt64] = [:]

    init(name: String, seed: UInt64) {
        self.name = name
        random = RandomSource(seed: seed)
    }

    // MARK: What it does

    /// Begins to act, and goes on for ever.
    func live(_ world: World) {
        if !isIdle { act(world) }
        let pause = world.settings.workload.pause
        world.after(random.draw(pause)) { [self] world in live(world) }
    }

    private func act(_ world: World) {
        guard link != nil else { return reconnect(world) }
        if !pending.isEmpty, world.now - waitingSince > 12_000_000_000 {
            return disconnect(world)
        }
        guard pending.count < 200 else { return }
        switch random.draw(0...99) {
        case 0...64: publishSome(world)
        case 65...79: readHistory(world)
        case 80...87: follow(world)
        case 88...93: retry(world)
        case 94...97: ask("STATS\r\n", .other, world)
        default: disconnect(world)
        }
    }

    /// Names its connection, among those of all clients.
    private var connection: String { "\(name)/\(epoch)" }

    func reconnect(_ world: World) {
        let members = world.members
        guard !members.isEmpty else { return }
        connect(world, to: members[random.place(members.count)].place)
    }

    func connect(_ world: World, to place: Int) {
        epoch += 1
        rest = []
        lastStored = [:]
        link = world.connect(self, to: place)
    }

    private func disconnect(_ world: World) {
        if let link { world.close(link) }
        lostConnection(world)
    }

    /// What waits for a reply will never be answered.
    func lostConnection(_ world: World) {
        link = nil
        epoch += 1
        subscriptions = []
        while let request = pending.popFirst() {
            if case .publish(let publish) = request { world.ledger.unknown(publish) }
        }
    }

    private func publishSome(_ world: World) {
        let topic = random.pick(world.settings.topics) ?? "news"
        var lines = ""
        for _ in 0..<random.draw(1...world.settings.workload.burst) {
            let publish = newPublish(topic, world)
            world.ledger.sent(publish, on: connection)
            add(.publish(publish), world)
            lines += publish.line
        }
        send(lines, world)
    }

    func newPublish(_ topic: String, _ world: World) -> Publish {
        published += 1
        let padding = Int(random.draw(0...world.settings.workload.padding))
        let text = "\(name)-\(published)" + String(repeating: ".", count: padding)
        let hasID = topic == "ids" || topic == "short" && random.chance(perMille: 300)
        let id = hasID ? "\(name)/\(published)" : nil
        guard topic == "keys" else { return Publish(topic: topic, text: text, id: id) }
        let subject = "keys.\(random.draw(0...Settings.subjects - 1))"
        return Publish(topic: topic, text: text, id: id, subject: subject)
    }

    func publish(_ publish: Publish, _ world: World) {
        world.ledger.sent(publish, on: connection)
        ask(publish.line, .publish(publish), world)
    }

    /// Sends a message again whose outcome nobody knows.
    private func retry(_ world: World) {
        guard let publish = world.ledger.retries.popLast() else { return }
        self.publish(publish, world)
    }

    private func readHistory(_ world: World) {
        let topic = random.pick(world.settings.topics) ?? "news"
        let known = world.ledger.acknowledged(topic)
        var request = HistoryRequest(
            topic: topic,
            from: 1,
            acknowledged: known,
            applied: world.ledger.applied
        )
        var line = "HISTORY \(topic)"
        if random.chance(perMille: 700) {
            request.from = max(1, known - min(known, random.draw(0...30)))
            line += " \(request.from)"
        }
        ask(line + "\r\n", .history(request), world)
    }

    private func follow(_ world: World) {
        guard subscriptions.count < 2, let topic = random.pick(world.settings.topics),
            !subscriptions.contains(where: { $0.topic == topic })
        else { return }
        let from = random.chance(perMille: 500) ? " 1" : ""
        subscriptions.append(Subscription(topic: topic, next: nil))
        ask("SUB \(topic)\(from)\r\n", .subscribe(topic), world)
    }

    private func ask(_ line: String, _ request: Request, _ world: World) {
        add(request, world)
        send(line, world)
    }

    private func add(_ request: Request, _ world: World) {
        if pending.isEmpty { waitingSince = world.now }
        pending.append(request)
    }

    private func send(_ text: String, _ world: World) {
        guard let link, !link.isClosed[0] else { return }
        world.send(.bytes(Array(text.utf8)), on: link, from: 0)
    }

    // MARK: What it hears

    func receive(_ bytes: [UInt8], _ world: World) {
        rest += bytes
        var start = 0
        while let end = rest[start...].firstIndex(of: UInt8(ascii: "\n")) {
            let line = rest[start..<max(start, end - 1)]
            start = end + 1
            heard(line, world)
            if rest.isEmpty { return }  // The connection was given up.
        }
        rest.removeFirst(start)
    }

    private func heard(_ line: ArraySlice<UInt8>, _ world: World) {
        if line.starts(with: "INFO ".utf8) { return }
        if line.starts(with: "MSG ".utf8) { return message(line, world) }
        guard let request = pending.popFirst() else {
            let text = String(decoding: line, as: UTF8.self)
            return world.checker.require(false, "reply", "\(name) got a reply to nothing: \(text)")
        }
        waitingSince = world.now
        world.statistics.operations += 1
        world.trace.note(
            .reply,
            0,
            UInt64(line.count),
            UInt64(world.statistics.operations),
            world.now
        )
        switch request {
        case .publish(let publish): answered(publish, String(decoding: line, as: UTF8.self), world)
        case .history(let request): history(request, line, world)
        case .subscribe(let topic):
            if !line.starts(with: "OK".utf8) { subscriptions.removeAll { $0.topic == topic } }
        case .other: break
        }
    }

    private func answered(_ publish: Publish, _ text: String, _ world: World) {
        let words = text.split(separator: " ")
        var problem: String?
        if words.first == "OK", words.count >= 2, let sequence = UInt64(words[1]) {
            let isDuplicate = words.count == 3
            problem = world.ledger.stored(publish, at: sequence, isDuplicate: isDuplicate)
            stored.insert(publish.topic)
            if !isDuplicate {
                let last = lastStored[publish.topic] ?? 0
                if sequence <= last {
                    problem = "\(name) got \(sequence) of \(publish.topic) after \(last)"
                }
                lastStored[publish.topic] = sequence
            }
        } else if words.first == "ERR", words.count > 1, words[1] == "UNKNOWN" {
            world.ledger.unknown(publish)
        } else {
            problem = world.ledger.refused(publish)
            if publish.isRepeatable { world.ledger.unknown(publish) }
        }
        world.checker.require(problem == nil, "publish", problem ?? "")
    }

    /// Checks that everything acknowledged before the request is there, as committed.
    private func history(
        _ request: HistoryRequest,
        _ line: ArraySlice<UInt8>,
        _ world: World
    ) {
        let topic = request.topic
        guard line.starts(with: "OK {".utf8) else { return }
        var last: UInt64 = 0
        // What retention removes while it is read is passed over.
        let first = world.ledger.topics[topic]?.first ?? 0
        HistoryLine.forEachMessage(in: line) { sequence, data in
            check(topic, sequence, data, "history", world)
            world.checker.require(
                last == 0
                    || sequence > last
                        && world.ledger.areGone(topic, max(last + 1, first), before: sequence),
                "history",
                "\(name) read \(sequence) of \(topic) after \(last)"
            )
            world.checker.require(
                world.ledger.removal(of: sequence, topic) ?? .max > request.applied,
                "removed",
                "\(name) read \(sequence) of \(topic), which had been removed before it asked"
            )
            last = sequence
        }
        world.checker.require(
            world.ledger.areGone(
                topic,
                max(last + 1, request.from),
                before: request.acknowledged + 1
            ),
            "stale read",
            "\(name) read \(topic) up to \(last), and \(request.acknowledged) had been acknowledged before"
        )
    }

    /// Whatever a client is shown is committed, at that place.
    private func check(
        _ topic: String,
        _ sequence: UInt64,
        _ data: ArraySlice<UInt8>,
        _ check: String,
        _ world: World
    ) {
        let stored = world.ledger.topics[topic]?.texts[sequence]
        world.checker.require(
            stored.map { $0.count == data.count && $0.elementsEqual(data) } ?? false,
            check,
            "\(name) got \(String(decoding: data, as: UTF8.self)) at \(sequence) of \(topic), where"
                + " \(stored.map { String(decoding: $0, as: UTF8.self) } ?? "nothing") is"
        )
    }

    private func message(_ line: ArraySlice<UInt8>, _ world: World) {
        let words = line.split(separator: UInt8(ascii: " "), maxSplits: 4)
        guard words.count == 5, let sequence = UInt64(String(decoding: words[2], as: UTF8.self))
        else {
            let text = String(decoding: line, as: UTF8.self)
            return world.checker.require(false, "subscription", "\(name) got \(text)")
        }
        let topic = String(decoding: words[1], as: UTF8.self)
        check(topic, sequence, words[4], "subscription", world)
        guard let place = subscriptions.firstIndex(where: { $0.topic == topic }) else { return }
        // Messages that have left the topic are passed over.
        let next = subscriptions[place].next
        let isNext = next.map {
            sequence >= $0 && world.ledger.areGone(topic, $0, before: sequence)
        }
        world.checker.require(
            isNext ?? true,
            "subscription",
            "\(name) got \(sequence) of \(topic) where \(next ?? 0) was due"
        )
        subscriptions[place].next = sequence + 1
    }
}
