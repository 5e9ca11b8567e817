/// Reads a whole topic from every node and compares it with what the publishers were told.
struct HistoryChecker {
    /// Where messages are read from: the messages from a sequence on, empty at the end.
    struct Source {
        let name: String
        let page: (_ from: Int) throws -> [History.Message]
    }

    let fates: [[PublishLog.Fate]]

    /// Everything that is wrong on these nodes, at most 20 lines; empty if all holds.
    func check(_ topic: String, on nodes: [Node]) throws -> [String] {
        try check(
            nodes.map { node in
                let client = try node.client()
                return Source(name: node.id) { try client.history(topic, from: $0).messages }
            }
        )
    }

    func check(_ sources: [Source]) throws -> [String] {
        var problems: [String] = []
        var first: Copy?
        for source in sources {
            let copy = try read(source, problems: &problems)
            compare(copy, source.name, problems: &problems)
            if let first, first.digest != copy.digest || first.count != copy.count {
                problems.append("\(source.name) has other messages or times than the first")
            }
            first = first ?? copy
        }
        return Array(problems.prefix(20))
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

    private func read(_ source: Source, problems: inout [String]) throws -> Copy {
        var copy = Copy(places: fates.map { Array(repeating: 0, count: $0.count) })
        while true {
            let page = try source.page(copy.count + 1)
            if page.isEmpty { return copy }
            for message in page {
                take(message, into: &copy, node: source.name, problems: &problems)
            }
            if problems.count >= 20 { return copy }
        }
    }

    private func take(
        _ message: History.Message,
        into copy: inout Copy,
        node: String,
        problems: inout [String]
    ) {
        let text = message.data ?? ""
        copy.count += 1
        copy.add("\(message.sequence) \(message.time) \(text)\n")
        if message.sequence != copy.count {
            problems.append("\(node): sequence \(message.sequence) in place \(copy.count)")
        }
        if message.time <= copy.lastTime {
            problems.append("\(node): \(message.sequence) is not later than the one before")
        }
        copy.lastTime = message.time
        let parts = text.split(separator: "-").compactMap { Int($0) }
        guard parts.count == 2, fates.indices.contains(parts[0]),
            fates[parts[0]].indices.contains(parts[1])
        else {
            problems.append("\(node): \(message.sequence) was never sent: \(text.prefix(80))")
            return
        }
        let earlier = copy.places[parts[0]][parts[1]]
        if earlier != 0 {
            problems.append("\(node): \(text) is at \(earlier) and \(message.sequence)")
        }
        copy.places[parts[0]][parts[1]] = message.sequence
    }

    private func compare(_ copy: Copy, _ node: String, problems: inout [String]) {
        for (client, fates) in fates.enumerated() {
            for (counter, fate) in fates.enumerated() where problems.count < 20 {
                let place = copy.places[client][counter]
                switch fate {
                case .acknowledged(let sequence) where sequence != place:
                    problems.append(
                        "\(node): \(client)-\(counter) was acknowledged at \(sequence), is at \(place)"
                    )
                case .refused where place != 0:
                    problems.append("\(node): \(client)-\(counter) was refused, is at \(place)")
                case .acknowledged, .refused, .unknown, .waiting: break
                }
            }
        }
    }
}
