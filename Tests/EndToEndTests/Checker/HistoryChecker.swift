/// Reads a whole topic from every node and compares it with what the publishers were told.
struct HistoryChecker {
    /// Where messages are read from: the messages from a sequence on, empty at the end.
    struct Source {
        let name: String
        let page: (_ from: Int) throws -> [History.Message]
    }

    /// What a problem is.
    enum Kind: String, CaseIterable {
        /// Acknowledged and not there.
        case lost
        /// There twice.
        case duplicated
        /// Not where it was acknowledged, or a sequence or a time that does not rise as it must.
        case reordered
        /// A node that has something else than another.
        case diverged
        /// There although it was refused or never sent.
        case unexpected
    }

    /// How often each kind was found, with words for the first 20.
    struct Findings {
        private(set) var counts: [Kind: Int] = [:]
        private(set) var lines: [String] = []

        var isEmpty: Bool { counts.isEmpty }
        var count: Int { counts.values.reduce(0, +) }

        /// All counts: `lost 0, duplicated 0, …`.
        var summary: String {
            Kind.allCases.map { "\($0) \(counts[$0] ?? 0)" }.joined(separator: ", ")
        }

        mutating func add(_ kind: Kind, _ line: @autoclosure () -> String) {
            counts[kind, default: 0] += 1
            if lines.count < 20 { lines.append(line()) }
        }
    }

    let fates: [[PublishLog.Fate]]

    /// Everything that is wrong on these nodes; empty if all holds.
    func check(_ topic: String, on nodes: [Node]) throws -> Findings {
        try check(
            nodes.map { node in
                let client = try node.client()
                return Source(name: node.id) { try client.history(topic, from: $0).messages }
            }
        )
    }

    func check(_ sources: [Source]) throws -> Findings {
        var problems = Findings()
        var first: Copy?
        for source in sources {
            let copy = try read(source, problems: &problems)
            compare(copy, source.name, problems: &problems)
            if let first, first.digest != copy.digest || first.count != copy.count {
                problems.add(.diverged, "\(source.name) has other messages than the first")
            }
            first = first ?? copy
        }
        return problems
    }

    /// One node's copy of the topic.
    private struct Copy {
        /// The sequence of each message, by client and counter; 0 if it is not there.
        var places: [[Int]]
        var count = 0
        /// Of sequences, times and texts, in order.
        var digest: UInt64 = 14_695_981_039_346_656_037
        var lastTime = ""

        mutating func add(_ text: String) {
            for byte in text.utf8 { digest = (digest ^ UInt64(byte)) &* 1_099_511_628_211 }
        }
    }

    private func read(_ source: Source, problems: inout Findings) throws -> Copy {
        var copy = Copy(places: fates.map { Array(repeating: 0, count: $0.count) })
        while true {
            let page = try source.page(copy.count + 1)
            if page.isEmpty { return copy }
            for message in page {
                take(message, into: &copy, node: source.name, problems: &problems)
            }
            // A node that never comes to an end is not waited for.
            if copy.count > 2 * attempted + 1_000 { return copy }
        }
    }

    private func take(
        _ message: History.Message,
        into copy: inout Copy,
        node: String,
        problems: inout Findings
    ) {
        let text = message.data ?? ""
        copy.count += 1
        copy.add("\(message.sequence) \(message.time) \(text)\n")
        if message.sequence != copy.count {
            problems.add(.reordered, "\(node): sequence \(message.sequence) in place \(copy.count)")
        }
        if message.time <= copy.lastTime {
            problems.add(.reordered, "\(node): \(message.sequence) is no later than the last")
        }
        copy.lastTime = message.time
        let parts = text.split(separator: "-").compactMap { Int($0) }
        guard parts.count == 2, fates.indices.contains(parts[0]),
            fates[parts[0]].indices.contains(parts[1])
        else {
            problems.add(
                .unexpected,
                "\(node): \(message.sequence) was never sent: \(text.prefix(80))"
            )
            return
        }
        let earlier = copy.places[parts[0]][parts[1]]
        if earlier != 0 {
            problems.add(.duplicated, "\(node): \(text) is at \(earlier) and \(message.sequence)")
        }
        copy.places[parts[0]][parts[1]] = message.sequence
    }

    private func compare(_ copy: Copy, _ node: String, problems: inout Findings) {
        for (client, fates) in fates.enumerated() {
            for (counter, fate) in fates.enumerated() {
                let place = copy.places[client][counter]
                switch fate {
                case .acknowledged(let sequence) where sequence != place:
                    problems.add(
                        place == 0 ? .lost : .reordered,
                        "\(node): \(client)-\(counter) was acknowledged at \(sequence), is at \(place)"
                    )
                case .refused where place != 0:
                    problems.add(
                        .unexpected,
                        "\(node): \(client)-\(counter) was refused, is at \(place)"
                    )
                case .acknowledged, .refused, .unknown, .waiting: break
                }
            }
        }
    }

    private var attempted: Int { fates.reduce(0) { $0 + $1.count } }
}
