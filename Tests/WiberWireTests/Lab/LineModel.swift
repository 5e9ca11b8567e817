import WiberBase

@testable import WiberWire

/// The line protocol, written again as plainly as can be: what the parser is compared with.
enum LineModel {
    static func outcomes(_ bytes: [UInt8]) -> [Outcome] {
        var lines = bytes.split(separator: 10, omittingEmptySubsequences: false)
        let rest = lines.removeLast()
        var outcomes: [Outcome] = []
        for var line in lines {
            if line.last == 13 { line.removeLast() }
            if line.isEmpty { continue }
            outcomes.append(outcome(Array(line)))
        }
        if rest.count > LineLimits.lineLengthMax + 1 { outcomes.append(.invalid(.tooLong)) }
        return outcomes
    }

    private static func outcome(_ line: [UInt8]) -> Outcome {
        guard line.count <= LineLimits.lineLengthMax else { return .invalid(.tooLong) }
        let words = line.split(separator: 32).map(Array.init)
        let command = String(decoding: words.first ?? [], as: UTF8.self).uppercased()
        guard words.first?.allSatisfy({ $0 < 128 }) == true else {
            return .invalid(.unknownCommand)
        }
        if command == "PUB" || command == "PUBID" { return publish(line, command) }
        let known = ["PING", "SUB", "UNSUB", "HISTORY", "TOPICS", "STATS", "HELP", "QUIT"]
        guard known.contains(command) || command == "CONNECT" else {
            return .invalid(.unknownCommand)
        }
        if line.count > LineLimits.controlLengthMax { return .invalid(.tooLong) }
        return control(command, Array(words.dropFirst()))
    }

    private static func control(_ command: String, _ words: [[UInt8]]) -> Outcome {
        if command == "CONNECT" { return .connect }
        let alone: [String: Outcome] = [
            "PING": .ping, "TOPICS": .topics, "HELP": .help, "QUIT": .quit,
        ]
        if let outcome = alone[command] { return words.isEmpty ? outcome : .invalid(.badArguments) }
        if command == "STATS", words.isEmpty { return .stats(nil) }
        guard let topic = words.first else { return .invalid(.badArguments) }
        guard isName(topic) else { return .invalid(.badName) }
        let most = command == "HISTORY" ? 2 : command == "SUB" ? 1 : 0
        let numbers = words.dropFirst().prefix(most).map(number)
        if numbers.contains(nil) { return .invalid(.badNumber) }
        if words.count > 1 + most { return .invalid(.badArguments) }
        let from = numbers.first ?? nil
        switch command {
        case "SUB": return .subscribe(topic, from: from)
        case "UNSUB": return .unsubscribe(topic)
        case "STATS": return .stats(topic)
        default: return .history(topic, from: from, limit: numbers.count > 1 ? numbers[1] : nil)
        }
    }

    private static func publish(_ line: [UInt8], _ command: String) -> Outcome {
        var rest = line[...]
        func word() -> [UInt8] {
            rest = rest.drop { $0 == 32 }
            let word = rest.prefix { $0 != 32 }
            rest = rest.dropFirst(word.count)
            return Array(word)
        }
        _ = word()
        let topic = word()
        if topic.isEmpty { return .invalid(.badArguments) }
        guard isName(topic) else { return .invalid(.badName) }
        var id: [UInt8]?
        if command == "PUBID" {
            let word = word()
            if word.isEmpty { return .invalid(.badArguments) }
            if word.count > LineLimits.idLengthMax { return .invalid(.tooLong) }
            guard String(validating: word, as: UTF8.self) != nil,
                word.allSatisfy({ $0 > 32 && $0 != 127 })
            else { return .invalid(.badName) }
            id = word
        }
        let payload = rest.dropFirst()
        if payload.isEmpty { return .invalid(.badArguments) }
        if line.count - payload.count > LineLimits.controlLengthMax { return .invalid(.tooLong) }
        if payload.count > LineLimits.payloadLengthMax { return .invalid(.tooLong) }
        return .publish(
            topic: topic,
            isSubject: topic.contains(46),
            id: id,
            payload: Array(payload)
        )
    }

    private static func isName(_ name: [UInt8]) -> Bool {
        name.count <= 255
            && name.split(separator: 46, omittingEmptySubsequences: false).allSatisfy {
                TopicConfiguration.isValidName($0)
            }
    }

    private static func number(_ digits: [UInt8]) -> UInt64? {
        guard digits.allSatisfy({ $0 >= 48 && $0 <= 57 }),
            let number = UInt64(String(decoding: digits, as: UTF8.self)),
            number <= UInt64(Int64.max) / 10
        else { return nil }
        return number
    }
}
