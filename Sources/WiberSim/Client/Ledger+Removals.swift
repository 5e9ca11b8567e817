import WiberBase

/// What is in a topic, counted message by message: headers must say the same.
extension Ledger {
    /// Whether all these messages have left the topic, from its front or its middle.
    func areGone(_ topic: String, _ first: UInt64, before end: UInt64) -> Bool {
        guard let topic = topics[topic] else { return first >= end }
        var sequence = max(first, topic.first)
        while sequence < end {
            guard topic.gone[sequence] != nil else { return false }
            sequence += 1
        }
        return true
    }

    /// When a message went from the middle.
    func removal(of sequence: UInt64, _ topic: String) -> Int? { topics[topic]?.gone[sequence] }

    /// A chunk is committed; returns what is wrong with what it says and takes away.
    ///
    /// `limit` is how many messages of a subject the topic keeps.
    func counted(_ name: String, _ chunk: Chunk, limit: UInt64?) -> String? {
        applied += 1
        var topic = topics[name, default: Topic()]
        defer { topics[name] = topic }
        var time = max(topic.lastTime, chunk.header.baseTime.rawValue)
        chunk.forEachMessage { message in
            let subject = message.body.subject.map { String(decoding: $0, as: UTF8.self) } ?? name
            let end = message.body.timeToLive.map { message.time.rawValue &+ $0 }
            topic.live[message.sequence.rawValue] = (subject, UInt64(message.length), end)
            time = max(time, message.time.rawValue)
            topic.liveBytes += UInt64(message.length)
            topic.bySubject[subject, default: []].append(message.sequence.rawValue)
            if name == "keys" {
                var body: [UInt8] = []
                message.body.encode(into: &body)
                topic.bodies[message.sequence.rawValue] = body
            }
            return true
        }
        for removal in chunk.removals {
            for sequence in removal.first.rawValue..<removal.end.rawValue {
                if removal.isErasing {
                    guard topic.asked.contains(sequence) else {
                        return "\(sequence) of \(name) is erased, and nobody wanted that"
                    }
                    topic.erased.insert(sequence)
                    if topic.live[sequence] == nil { continue }  // It had gone before.
                }
                if let problem = remove(sequence, &topic, limit, time) {
                    return "\(problem) of \(name)"
                }
            }
        }
        let header = chunk.header
        var left = topic.first
        while left < header.firstSequence.rawValue {
            if let message = topic.live.removeValue(forKey: left) {
                topic.liveBytes -= message.length
                guard name == "short" else { return "\(left) of \(name) is left behind" }
            }
            left += 1
        }
        let isRight =
            header.liveMessages == UInt64(topic.live.count) && header.liveBytes == topic.liveBytes
            && (topic.live.isEmpty || topic.live[header.firstSequence.rawValue] != nil)
        return isRight
            ? nil
            : "\(chunk.id) of \(name) says \(header.liveMessages) messages of \(header.liveBytes) bytes"
                + " from \(header.firstSequence) on, and there are \(topic.live.count) of"
                + " \(topic.liveBytes)"
    }

    /// What may separate the leader's clock when it decides from that of the chunk which says so, in
    /// nanoseconds.
    private static let timeSlack: UInt64 = 1_000_000_000

    /// A message goes because somebody wanted it, because its time is over, or because there are newer ones
    /// of its subject; and never if the floor keeps it.
    private func remove(
        _ sequence: UInt64,
        _ topic: inout Topic,
        _ limit: UInt64?,
        _ time: UInt64
    ) -> String? {
        guard let message = topic.live.removeValue(forKey: sequence) else {
            return "\(sequence) is removed, and is not there"
        }
        topic.liveBytes -= message.length
        let newer = topic.bySubject[message.subject, default: []].filter { $0 > sequence }
        topic.bySubject[message.subject]?.removeAll { $0 == sequence }
        topic.gone[sequence] = applied
        let isTooMuch = limit.map { UInt64(newer.count) >= $0 } ?? false
        if let floor = topic.floor, sequence >= floor {
            return "\(sequence) is removed, and the floor is \(floor)"
        }
        let isOver = message.end.map { $0 < time + Self.timeSlack } ?? false
        return isTooMuch || isOver || topic.asked.contains(sequence)
            ? nil : "\(sequence) is removed, and nobody wanted that"
    }

    /// Whether no subject has more messages than it may have, but for those from `floor` on.
    func isWithin(_ limit: UInt64?, _ name: String, floor: UInt64?) -> Bool {
        guard let limit, let topic = topics[name] else { return true }
        return topic.bySubject.values.allSatisfy { sequences in
            let live = sequences.filter { $0 >= topic.first }
            return UInt64(live.count) <= limit || live.allSatisfy { $0 >= floor ?? .max }
        }
    }

    /// Whether all messages are gone whose end was before a log time, but for those from `floor` on.
    func hasNothingDue(before time: UInt64, _ name: String, floor: UInt64?) -> Bool {
        guard let topic = topics[name] else { return true }
        return topic.live.allSatisfy { sequence, message in
            sequence >= floor ?? .max || message.end ?? .max >= time
        }
    }

    /// Somebody asks for a floor.
    func raiseFloor(_ name: String, to floor: UInt64) {
        let before = topics[name, default: Topic()].floor ?? 0
        topics[name, default: Topic()].floor = max(before, floor)
    }
}
