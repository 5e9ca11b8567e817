import WiberBase
import WiberSubject
import WiberTopic
import WiberWire

/// What the headers of a NATS client ask of a publish.
struct PublishHeaders {
    /// Why a publish is not stored.
    struct Refusal: Error {
        let outcome: PublishOutcome
        init(_ outcome: PublishOutcome) { self.outcome = outcome }
    }

    var conditions = PublishConditions()
    /// Whether it is said how long the message stays.
    private var hasTimeToLive = false
    /// What that is; `nil` if it is no time to live.
    private var timeToLive: NATSTimeToLive?

    /// Nothing.
    init() {}

    /// Reads a header block; a number that is none expects what cannot be.
    init(_ headers: UnsafeRawBufferPointer) throws(Refusal) {
        conditions.lastSequence = Self.number(
            NATSHeaders.value(of: "Nats-Expected-Last-Sequence", in: headers)
        )
        conditions.lastSubjectSequence = Self.number(
            NATSHeaders.value(of: "Nats-Expected-Last-Subject-Sequence", in: headers)
        )
        conditions.subject = try Self.subject(headers, conditions)
        conditions.lastID = NATSHeaders.value(of: "Nats-Expected-Last-Msg-Id", in: headers)
            .map { Array($0) }
        conditions.rollup = try Self.rollup(headers)
        if let text = NATSHeaders.value(of: "Nats-TTL", in: headers) {
            hasTimeToLive = true
            timeToLive = NATSTimeToLive(text)
        }
    }

    /// How long the message stays in a topic, in nanoseconds; `nil`: it has no such end.
    func life(in topic: TopicConfiguration) throws(Refusal) -> UInt64? {
        guard hasTimeToLive else { return topic.timeToLiveDefault }
        guard topic.allowsTimeToLive else { throw Refusal(.timeToLiveRefused) }
        switch timeToLive {
        case nil: throw Refusal(.timeToLiveInvalid)
        case .never: return nil
        case .nanoseconds(let length): return length
        }
    }

    private static func subject(
        _ headers: UnsafeRawBufferPointer,
        _ conditions: PublishConditions
    ) throws(Refusal) -> [UInt8]? {
        let key: StaticString = "Nats-Expected-Last-Subject-Sequence-Subject"
        guard let subject = NATSHeaders.value(of: key, in: headers) else { return nil }
        guard conditions.lastSubjectSequence != nil, Subject.isValid(subject),
            Subject.isLiteral(subject)
        else { throw Refusal(.subjectInvalid) }
        return Array(subject)
    }

    private static func rollup(
        _ headers: UnsafeRawBufferPointer
    ) throws(Refusal) -> PublishConditions.Rollup? {
        guard let rollup = NATSHeaders.value(of: "Nats-Rollup", in: headers) else { return nil }
        switch String(decoding: rollup, as: UTF8.self) {
        case "sub": return .subject
        case "all": return .all
        case _: throw Refusal(.rollupRefused)
        }
    }

    private static func number(_ value: UnsafeRawBufferPointer?) -> UInt64? {
        value.map { UInt64(String(decoding: $0, as: UTF8.self)) ?? .max }
    }
}
