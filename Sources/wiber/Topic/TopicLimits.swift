import ArgumentParser
import Foundation

/// What can be said of a new topic and changed of an old one.
struct TopicLimits: ParsableArguments {
    @Option(help: "A text for people.") var description: String?
    @Option(help: "A subject that it captures, NATS wildcards allowed; may be repeated.")
    var subject: [String] = []
    @Option(help: "How long messages stay, such as 24h, or none.") var maxAge: String?
    @Option(help: "The most bytes of messages, such as 10GiB, or none.") var maxBytes: String?
    @Option(help: "The most messages, or none.") var maxMessages: String?
    @Option(help: "The most messages of a subject, or none.") var maxPerSubject: String?
    @Flag(
        inversion: .prefixedNo,
        help: "Let publishes with Nats-Rollup take earlier messages along."
    )
    var rollup: Bool?
    @Flag(
        name: .customLong("message-ttl"),
        inversion: .prefixedNo,
        help: "Let publishes say with Nats-TTL how long their messages stay."
    )
    var messageTTL: Bool?
    @Option(
        name: .customLong("default-ttl"),
        help: "How long messages without Nats-TTL stay, such as 1h, or none."
    )
    var defaultTTL: String?
    @Option(help: "The sequence from which on messages stay, whatever limits say, or none.")
    var keepFrom: String?
    @Option(help: "For how long messages are remembered as duplicates, such as 2m.")
    var dedupWindow: String?
    @Option(help: "Delete the topic after this time without publish or subscriber, or none.")
    var deleteAfterIdle: String?

    @Option(help: "How closed files are kept on disk: none or zstd.") var compression: String?

    @Option(help: "Let only nodes with this tag hold it, such as ssd, or none; may be repeated.")
    var tag: [String] = []
    @Option(help: "Keep replicas apart by the value of this tag, such as zone, or none.")
    var spread: String?
    @Option(help: "Refuse publishes beyond this size, such as 10GiB, or none.")
    var quotaBytes: String?
    @Option(help: "Refuse publishes beyond this many messages, or none.")
    var quotaMessages: String?

    /// As the API takes it.
    var body: [String: Any] {
        var body: [String: Any] = [:]
        if let description { body["description"] = description }
        if !subject.isEmpty { body["subjects"] = subject }
        var retention: [String: Any] = [:]
        for (key, value) in [
            ("max_age", maxAge), ("max_bytes", maxBytes), ("max_messages", maxMessages),
            ("max_per_subject", maxPerSubject),
        ] {
            if let value { retention[key] = Self.value(value) }
        }
        if !retention.isEmpty { body["retention"] = retention }
        if let rollup { body["rollup"] = rollup }
        if let messageTTL { body["message_ttl"] = messageTTL }
        if let defaultTTL { body["default_ttl"] = Self.value(defaultTTL) }
        if let keepFrom { body["keep_from"] = Self.value(keepFrom) }
        if let dedupWindow { body["dedup"] = ["window": dedupWindow] }
        if let compression { body["compression"] = compression }
        if let deleteAfterIdle { body["delete_after_idle"] = Self.value(deleteAfterIdle) }
        var placement: [String: Any] = [:]
        if !tag.isEmpty { placement["tags"] = tag == ["none"] ? [] : tag }
        if let spread { placement["spread"] = spread == "none" ? NSNull() : spread as Any }
        if !placement.isEmpty { body["placement"] = placement }
        var quota: [String: Any] = [:]
        if let quotaBytes { quota["bytes"] = Self.value(quotaBytes) }
        if let quotaMessages { quota["messages"] = Self.value(quotaMessages) }
        if !quota.isEmpty { body["quota"] = quota }
        return body
    }

    private static func value(_ text: String) -> Any {
        if text == "none" { return NSNull() }
        return Int(text) ?? text
    }
}
