import WiberBase

/// Takes one line apart; nothing is copied.
struct LineParser {
    private let line: UnsafeRawBufferPointer
    private var offset = 0

    init(_ line: UnsafeRawBufferPointer) { self.line = line }

    mutating func parse() throws(LineError) -> LineRequest {
        let command = word()
        // A leading NUL would vanish in the packed integer.
        guard command.count <= 8, command.first != 0 else { throw unknown(command) }
        // Upper case, packed into one integer: a switch over numbers instead of strings.
        var packed: UInt64 = 0
        for byte in command {
            let isLower = byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "z")
            packed = packed << 8 | UInt64(isLower ? byte - 32 : byte)
        }
        switch packed {
        case 0x50_5542: return try publish(hasID: false)  // PUB
        case 0x50_5542_4944: return try publish(hasID: true)  // PUBID
        default: return try parseControl(packed, command)
        }
    }

    /// Every request that has no text.
    private mutating func parseControl(
        _ packed: UInt64,
        _ command: UnsafeRawBufferPointer
    ) throws(LineError) -> LineRequest {
        switch packed {
        case 0x5049_4e47: return try alone(.ping, "PING")
        case 0x53_5542: return try subscribe()  // SUB
        case 0x55_4e53_5542: return .unsubscribe(try lastName("UNSUB <topic>"))  // UNSUB
        case 0x48_4953_544f_5259: return try history()  // HISTORY
        case 0x544f_5049_4353: return try alone(.topics, "TOPICS")
        case 0x53_5441_5453: return try stats()  // STATS
        case 0x4845_4c50: return try alone(.help, "HELP")
        case 0x5155_4954: return try alone(.quit, "QUIT")
        case 0x43_4f4e_4e45_4354:  // CONNECT
            try checkControl()
            return .connect
        default: throw unknown(command)
        }
    }

    // MARK: Commands

    private mutating func publish(hasID: Bool) throws(LineError) -> LineRequest {
        let usage = hasID ? "PUBID <topic> <id> <text>" : "PUB <topic> <text>"
        let topic = word()
        let isSubject = try check(name: topic, usage)
        var request = PublishRequest(
            topic: topic,
            topicIsSubject: isSubject,
            id: nil,
            payload: line
        )
        if hasID {
            let id = word()
            guard !id.isEmpty else { throw arguments(usage) }
            guard id.count <= LineLimits.idLengthMax else {
                throw LineError(code: .tooLong, text: "a message id has at most 1024 bytes")
            }
            guard Self.isText(id) else { throw Self.badID }
            request.id = id
        }
        guard offset < line.count else { throw arguments(usage) }
        offset += 1  // The one space before the text; all others belong to it.
        guard offset < line.count else { throw arguments(usage) }
        guard offset <= LineLimits.controlLengthMax else {
            throw LineError(code: .tooLong, text: "what stands before the text has at most 4 KiB")
        }
        request.payload = UnsafeRawBufferPointer(rebasing: line[offset...])
        guard request.payload.count <= LineLimits.payloadLengthMax else {
            throw LineError(
                code: .tooLong,
                text: "a message holds at most 1 MiB: send it in parts"
            )
        }
        return .publish(request)
    }

    private mutating func subscribe() throws(LineError) -> LineRequest {
        let usage = "SUB <topic> [from]"
        let topic = word()
        try checkControl()
        _ = try check(name: topic, usage)
        let from = try optionalNumber("from")
        try end(usage)
        return .subscribe(topic, from: from.map { Sequence($0) })
    }

    private mutating func history() throws(LineError) -> LineRequest {
        let usage = "HISTORY <topic> [from] [limit]"
        let topic = word()
        try checkControl()
        _ = try check(name: topic, usage)
        let from = try optionalNumber("from")
        let limit = try optionalNumber("limit")
        try end(usage)
        return .history(topic, from: from.map { Sequence($0) }, limit: limit)
    }

    private mutating func stats() throws(LineError) -> LineRequest {
        try checkControl()
        let topic = word()
        if topic.isEmpty { return .stats(nil) }
        _ = try check(name: topic, "STATS [topic]")
        try end("STATS [topic]")
        return .stats(topic)
    }

    private mutating func alone(
        _ request: LineRequest,
        _ usage: String
    ) throws(LineError) -> LineRequest {
        try end(usage)
        return request
    }

    private mutating func lastName(_ usage: String) throws(LineError) -> UnsafeRawBufferPointer {
        let name = word()
        try checkControl()
        _ = try check(name: name, usage)
        try end(usage)
        return name
    }

    // MARK: Arguments

    /// The bytes up to the next space, after any spaces; empty at the end.
    private mutating func word() -> UnsafeRawBufferPointer {
        while offset < line.count, line[offset] == UInt8(ascii: " ") { offset += 1 }
        let start = offset
        while offset < line.count, line[offset] != UInt8(ascii: " ") { offset += 1 }
        return UnsafeRawBufferPointer(rebasing: line[start..<offset])
    }

    private func checkControl() throws(LineError) {
        guard line.count <= LineLimits.controlLengthMax else {
            throw LineError(code: .tooLong, text: "a request without text has at most 4 KiB")
        }
    }

    private mutating func end(_ usage: String) throws(LineError) {
        try checkControl()
        guard word().isEmpty else { throw arguments(usage) }
    }

    /// - Returns: whether it is a subject, with dots.
    private func check(
        name: UnsafeRawBufferPointer,
        _ usage: String
    ) throws(LineError) -> Bool {
        guard !name.isEmpty else { throw arguments(usage) }
        var hasDot = false
        var wasDot = true
        for byte in name {
            switch byte {
            case UInt8(ascii: "."):
                guard !wasDot else { throw Self.badName }
                hasDot = true
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                break
            default: throw Self.badName
            }
            wasDot = byte == UInt8(ascii: ".")
        }
        guard !wasDot, name.count <= 255 else { throw Self.badName }
        return hasDot
    }

    private static let badName = LineError(
        code: .badName,
        text: "a topic's name has 1 to 255 of A-Z a-z 0-9 _ -, a subject has such words with "
            + "dots between them"
    )

    /// Whether `id` is UTF-8 that a person can read and type.
    private static func isText(_ id: UnsafeRawBufferPointer) -> Bool {
        var isASCII = true
        for byte in id {
            if byte <= 32 || byte == 127 { return false }
            if byte > 127 { isASCII = false }
        }
        return isASCII || UTF8Check.isValid(id)
    }

    private static let badID = LineError(
        code: .badName,
        text: "a message id is UTF-8 text without control characters: send another id"
    )

    /// Far above every sequence, far below what could overflow.
    private static let numberMax = UInt64(Int64.max) / 10

    private mutating func optionalNumber(_ name: String) throws(LineError) -> UInt64? {
        let digits = word()
        guard !digits.isEmpty else { return nil }
        var value: UInt64 = 0
        for byte in digits {
            let isDigit = byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
            if isDigit { value = value * 10 + UInt64(byte - UInt8(ascii: "0")) }
            guard isDigit, value <= Self.numberMax else {
                throw LineError(
                    code: .badNumber,
                    text: "\(name) is a whole number from 0 to \(Self.numberMax)"
                )
            }
        }
        return value
    }

    private func arguments(_ usage: String) -> LineError {
        LineError(code: .badArguments, text: "write \(usage)")
    }

    private func unknown(_ command: UnsafeRawBufferPointer) -> LineError {
        let isPlain = command.count <= 32 && command.allSatisfy { $0 > 32 && $0 < 127 }
        let name = isPlain ? " \(String(decoding: command, as: UTF8.self))" : ""
        return LineError(
            code: .unknownCommand,
            text: "there is no command\(name): HELP lists them"
        )
    }
}
