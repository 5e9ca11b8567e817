import Foundation
import WiberBase
import WiberWire

/// A message as commands show it.
public struct NATSMessage: Sendable, Equatable {
    /// Where it was published to.
    public var subject: String
    /// Where an answer goes.
    public var reply: String?
    /// Its headers, in their order.
    public var headers: [NATSHeaderField]
    /// The digits of a status line, as 503.
    public var status: Int?
    /// What it says.
    public var payload: [UInt8]

    init(_ delivery: NATSDelivery) {
        subject = String(decoding: delivery.subject, as: UTF8.self)
        reply = delivery.reply.map { String(decoding: $0, as: UTF8.self) }
        headers = delivery.headers.map(NATSHeaderField.fields) ?? []
        status = delivery.status
        payload = Array(delivery.payload)
    }

    /// As JSON: `data`, or `data_base64` for what is no text.
    public var fields: [String: Any] {
        var fields: [String: Any] = ["subject": subject]
        if let reply { fields["reply"] = reply }
        if !headers.isEmpty {
            fields["headers"] = Dictionary(grouping: headers, by: \.name).mapValues {
                $0.map(\.value)
            }
        }
        if let text = String(validating: payload, as: UTF8.self) {
            fields["data"] = text
        } else {
            fields["data_base64"] = Data(payload).base64EncodedString()
        }
        return fields
    }
}

/// A blocking client of any NATS server, for commands that do one thing after the other.
public final class NATSCommandClient {
    private let session: NATSSession
    private let inbox = Inbox.new()
    private var hasInbox = false
    /// What one read has brought; more is read once this is taken.
    private var arrived = RingBuffer<NATSMessage>()
    /// Publishes that go out together.
    private var out: [UInt8] = []

    /// Connects to the first of the servers that answers.
    ///
    /// - Throws: ``ClientError``
    public init(servers: String, name: String) throws {
        session = try NATSSession(try ServerAddress.list(servers), name: name)
    }

    /// Publishes; the server has it once ``flush()`` returns.
    public func publish(
        _ subject: String,
        _ payload: [UInt8],
        headers: [NATSHeaderField] = [],
        reply: String? = nil
    ) throws {
        let block = NATSHeaderField.block(headers)
        let target = reply.map { "\(subject) \($0)" } ?? subject
        let length = block.count + payload.count
        let line =
            block.isEmpty ? "PUB \(target) \(length)" : "HPUB \(target) \(block.count) \(length)"
        out += Array((line + "\r\n").utf8) + block + payload + [13, 10]
        guard out.count > 64 << 10 else { return }
        try sendOut()
        // A server that pings wants to be answered.
        while try session.poll(milliseconds: 0, each: { self.arrived.append(NATSMessage($0)) }) {}
    }

    private func sendOut() throws {
        guard !out.isEmpty else { return }
        try session.send(out)
        out.removeAll(keepingCapacity: true)
    }

    /// Waits until the server has taken in everything.
    public func flush() throws {
        try sendOut()
        try session.flush { self.arrived.append(NATSMessage($0)) }
    }

    /// Subscribes; the messages come from ``next(within:)``.
    public func subscribe(_ subject: String, queue: String? = nil) throws {
        try session.send(Array("SUB \(subject) \(queue.map { "\($0) " } ?? "")1\r\n".utf8))
        try flush()
    }

    /// The next message; `nil` if none comes within the time, which is for ever if that is `nil`.
    public func next(within limit: Duration? = nil) throws -> NATSMessage? {
        try sendOut()
        let end = limit.map { ContinuousClock.now + $0 }
        while arrived.isEmpty {
            var wait: Int32 = 1_000
            if let end {
                let left = (end - .now) / .milliseconds(1)
                guard left > 0 else { return nil }
                wait = Int32(min(1_000, left.rounded(.up)))
            }
            _ = try session.poll(milliseconds: wait) { self.arrived.append(NATSMessage($0)) }
        }
        return arrived.popFirst()
    }

    /// Sends a request, and waits for `count` answers.
    ///
    /// - Throws: ``ClientError/refused(_:)`` if nobody listens, or too few answers come in time.
    public func request(
        _ subject: String,
        _ payload: [UInt8],
        headers: [NATSHeaderField] = [],
        count: Int = 1,
        within limit: Duration
    ) throws -> [NATSMessage] {
        if !hasInbox { try subscribe(inbox + ".*") }
        hasInbox = true
        let reply = inbox + "." + Inbox.unique()
        try publish(subject, payload, headers: headers, reply: reply)
        let end = ContinuousClock.now + limit
        var answers: [NATSMessage] = []
        while answers.count < count {
            guard let answer = try next(within: end - .now) else {
                throw ClientError.refused(
                    "\(answers.count) of \(count) answers from \(subject) within \(limit): give "
                        + "more time with --timeout"
                )
            }
            guard answer.subject == reply else { continue }  // Late, and for an earlier request.
            guard answer.status != 503 else {
                throw ClientError.refused("503: nobody listens on \(subject), and no topic has it")
            }
            answers.append(answer)
        }
        return answers
    }
}
