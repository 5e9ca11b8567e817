import WiberBase

@testable import WiberWire

/// What a connection makes of its bytes, in words that can be compared.
enum Outcome: Hashable, CustomStringConvertible {
    case ping
    case publish(topic: [UInt8], isSubject: Bool, id: [UInt8]?, payload: [UInt8])
    case subscribe([UInt8], from: UInt64?)
    case unsubscribe([UInt8])
    case history([UInt8], from: UInt64?, limit: UInt64?)
    case topics
    case stats([UInt8]?)
    case help
    case quit
    case connect
    case invalid(LineErrorCode)

    init(_ request: LineRequest) {
        switch request {
        case .ping: self = .ping
        case .publish(let publish):
            self = .publish(
                topic: Array(publish.topic),
                isSubject: publish.topicIsSubject,
                id: publish.id.map { Array($0) },
                payload: Array(publish.payload)
            )
        case .subscribe(let topic, let from):
            self = .subscribe(Array(topic), from: from?.rawValue)
        case .unsubscribe(let topic): self = .unsubscribe(Array(topic))
        case .history(let topic, let from, let limit):
            self = .history(Array(topic), from: from?.rawValue, limit: limit)
        case .topics: self = .topics
        case .stats(let topic): self = .stats(topic.map { Array($0) })
        case .help: self = .help
        case .quit: self = .quit
        case .connect: self = .connect
        }
    }

    var description: String {
        func text(_ bytes: [UInt8]) -> String { String(decoding: bytes.prefix(40), as: UTF8.self) }
        switch self {
        case .ping: return "ping"
        case .publish(let topic, let isSubject, let id, let payload):
            let kind = isSubject ? "subject" : "topic"
            return "publish \(kind) \(text(topic)) id \(id.map(text) ?? "-") \(text(payload))"
        case .subscribe(let topic, let from):
            return "subscribe \(text(topic)) from \(from.map(String.init) ?? "-")"
        case .unsubscribe(let topic): return "unsubscribe \(text(topic))"
        case .history(let topic, let from, let limit):
            let numbers = [from, limit].map { $0.map(String.init) ?? "-" }
            return "history \(text(topic)) from \(numbers[0]) limit \(numbers[1])"
        case .topics: return "topics"
        case .stats(let topic): return "stats \(topic.map(text) ?? "-")"
        case .help: return "help"
        case .quit: return "quit"
        case .connect: return "connect"
        case .invalid(let code): return "invalid \(code.rawValue)"
        }
    }
}

/// A connection as a session keeps it: the bytes that are not consumed are offered again.
struct LineClient {
    private var scanner = LineScanner()
    private var inbox: [UInt8] = []
    /// What the bytes so far have been.
    private(set) var outcomes: [Outcome] = []
    /// What a person would have read.
    private(set) var errors: [LineError] = []
    /// The most bytes that were ever left over.
    private(set) var inboxMax = 0
    /// Whether each request waits for its turn once before it is taken.
    var refusesFirst = false
    private var wasRefused = false

    mutating func receive(_ bytes: some Collection<UInt8>) {
        inbox += bytes
        var used = 0
        inbox.withUnsafeBytes { bytes in
            while used < bytes.count {
                let rest = UnsafeRawBufferPointer(rebasing: bytes[used...])
                guard let consumed = take(scanner.next(in: rest)) else { break }
                used += consumed
            }
        }
        inbox.removeFirst(used)
        inboxMax = max(inboxMax, inbox.count)
    }

    /// - Returns: how many bytes are done with; `nil` if more are needed.
    private mutating func take(_ step: LineStep) -> Int? {
        switch step {
        case .needMore: return nil
        case .skipped(let consumed): return consumed
        case .request(let request, let consumed):
            if refusesFirst, !wasRefused {
                wasRefused = true
                return 0
            }
            wasRefused = false
            outcomes.append(Outcome(request))
            return consumed
        case .invalid(let error, let consumed):
            outcomes.append(.invalid(error.code))
            errors.append(error)
            return consumed
        }
    }

    /// What a connection makes of bytes that come at once.
    static func outcomes(_ bytes: some Collection<UInt8>) -> [Outcome] {
        var client = LineClient()
        client.receive(bytes)
        return client.outcomes
    }

    /// What a connection makes of one line.
    static func outcome(_ line: String) -> Outcome? { outcomes(Array((line + "\n").utf8)).first }

    /// What a person reads about a line that is no request.
    static func error(_ line: [UInt8]) -> LineError? {
        var client = LineClient()
        client.receive(line + [10])
        return client.errors.first
    }
}
