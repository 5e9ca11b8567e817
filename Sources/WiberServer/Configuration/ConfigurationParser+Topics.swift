import WiberBase
import WiberNode
import Yams

extension ConfigurationParser {
    private static let limits = ["max_age", "max_bytes", "max_messages", "max_per_subject"]

    mutating func parseTopics(_ node: Node?, nodes: Int) -> [TopicConfiguration] {
        guard let list = reader.list(node, "topics") else { return [] }
        var topics: [TopicConfiguration] = []
        var names: Set<String> = []
        var subjects = SubjectOverlap()
        for entry in list {
            guard let topic = parseTopic(entry, nodes: nodes) else { continue }
            guard names.insert(topic.name).inserted else {
                reader.error(entry, "the topic '\(topic.name)' is given twice: keep one")
                continue
            }
            for subject in topic.subjects {
                guard let taken = subjects.add(subject, of: topic.name) else { continue }
                reader.error(
                    entry,
                    "the subject '\(subject)' of topic \(topic.name) overlaps '\(taken.text)' of "
                        + "topic \(taken.topic): a subject belongs to one topic; change one"
                )
            }
            topics.append(topic)
        }
        return topics
    }

    mutating func parseTopic(_ node: Node, nodes: Int) -> TopicConfiguration? {
        let known = [
            "name", "description", "subjects", "replicas", "retention", "dedup",
            "delete_after_idle", "rollup", "message_ttl", "default_ttl", "keep_from",
            "placement", "quota", "compression",
        ]
        guard let fields = reader.fields(node, "a topic", known: known) else { return nil }
        guard let name = reader.text(fields["name"], "name") else {
            if fields["name"] == nil { reader.error(node, "a topic needs a name") }
            return nil
        }
        guard TopicConfiguration.isValidName(Array(name.utf8)) else {
            let shown = ConfigurationReader.shown(name)
            reader.error(
                fields["name"],
                "'\(shown)' is no name of a topic: it has 1 to 255 of A-Z a-z 0-9 _ -"
            )
            return nil
        }
        var topic = TopicConfiguration(name: name, replicas: nodes >= 3 ? 3 : 1)
        topic.description = reader.text(fields["description"], "description", limit: 1_024) ?? ""
        if let count = reader.integer(fields["replicas"], "replicas", in: 1...max(1, nodes)) {
            topic.replicas = count
            if count.isMultiple(of: 2) {
                reader.warn(
                    fields["replicas"],
                    "\(count) replicas survive no more failures than \(count - 1): use an odd number"
                )
            }
        }
        parseSubjects(fields["subjects"], &topic)
        parseRetention(fields["retention"], &topic)
        parseDedup(fields["dedup"], &topic)
        topic.deleteAfterIdle = reader.duration(fields["delete_after_idle"], "delete_after_idle")
        topic.allowsRollup = reader.flag(fields["rollup"], "rollup") ?? false
        topic.allowsTimeToLive = reader.flag(fields["message_ttl"], "message_ttl") ?? false
        topic.timeToLiveDefault = fields["default_ttl"].flatMap { Self.timeToLive(&reader, $0) }
        topic.keepFrom = fields["keep_from"].flatMap { Self.floor(&reader, $0) }
        topic.placement = parsePlacement(fields["placement"]) ?? topic.placement
        topic.quota = parseQuota(fields["quota"]) ?? topic.quota
        topic.compression = parseCompression(fields["compression"]) ?? topic.compression
        return topic
    }

    /// What is to change about a topic; `null` lifts a limit.
    mutating func parseChanges(_ node: Node) -> TopicChanges? {
        let known = [
            "description", "subjects", "retention", "dedup", "delete_after_idle", "rollup",
            "message_ttl", "default_ttl", "keep_from", "placement", "quota", "compression",
        ]
        guard let fields = reader.fields(node, "a change of a topic", known: known) else {
            return nil
        }
        var changes = TopicChanges()
        changes.description = reader.text(fields["description"], "description", limit: 1_024)
        if let subjects = fields["subjects"] {
            var topic = TopicConfiguration(name: "", replicas: 1)
            parseSubjects(subjects, &topic)
            changes.subjects = topic.subjects
        }
        if let retention = fields["retention"] {
            let limits = reader.fields(retention, "retention", known: Self.limits) ?? [:]
            changes.maxAge = limit(limits["max_age"]) { $0.duration($1, "max_age") }
            changes.maxBytes = limit(limits["max_bytes"]) { $0.bytes($1, "max_bytes") }
            changes.maxMessages = limit(limits["max_messages"]) { reader, node in
                reader.integer(node, "max_messages", in: 1...Int.max / 2).map { UInt64($0) }
            }
            changes.maxPerSubject = limit(limits["max_per_subject"]) { reader, node in
                reader.integer(node, "max_per_subject", in: 1...Int.max / 2).map { UInt64($0) }
            }
        }
        changes.deleteAfterIdle = limit(fields["delete_after_idle"]) {
            $0.duration($1, "delete_after_idle")
        }
        changes.allowsRollup = reader.flag(fields["rollup"], "rollup")
        changes.allowsTimeToLive = reader.flag(fields["message_ttl"], "message_ttl")
        changes.timeToLiveDefault = limit(fields["default_ttl"], Self.timeToLive)
        changes.keepFrom = limit(fields["keep_from"], Self.floor)
        changes.compression = parseCompression(fields["compression"])
        parseLimitChanges(fields, &changes)
        if let dedup = fields["dedup"] {
            let limits = reader.fields(dedup, "dedup", known: ["window"]) ?? [:]
            changes.dedupWindow = reader.duration(limits["window"], "dedup.window")
        }
        return changes
    }

    /// How long messages stay that do not say it themselves.
    private static func timeToLive(_ reader: inout ConfigurationReader, _ node: Node) -> UInt64? {
        guard let life = reader.duration(node, "default_ttl") else { return nil }
        guard life >= 1_000_000_000 else {
            reader.error(node, "default_ttl is less than a second: give 1s or more")
            return nil
        }
        return life
    }

    private mutating func parseCompression(_ node: Node?) -> TopicConfiguration.Compression? {
        switch reader.choice(node, "compression", among: ["none", "zstd"]) {
        case "none": TopicConfiguration.Compression.none
        case "zstd": .zstd
        case _: nil
        }
    }

    /// The first message that stays whatever limits say.
    private static func floor(_ reader: inout ConfigurationReader, _ node: Node) -> UInt64? {
        reader.integer(node, "keep_from", in: 1...Int.max / 2).map { UInt64($0) }
    }

    /// `nil` if nothing is said, `.some(nil)` for `null`.
    private mutating func limit(
        _ node: Node?,
        _ read: (inout ConfigurationReader, Node) -> UInt64?
    ) -> UInt64?? {
        guard let node else { return nil }
        return node.isNull ? .some(nil) : .some(read(&reader, node))
    }

    private mutating func parseSubjects(_ node: Node?, _ topic: inout TopicConfiguration) {
        guard let list = reader.list(node, "subjects") else { return }
        guard (1...64).contains(list.count) else {
            reader.error(node, "subjects has \(list.count) entries: give 1 to 64, or leave it out")
            return
        }
        var subjects: [String] = []
        for entry in list {
            guard let subject = reader.text(entry, "a subject") else { continue }
            guard Self.isValidPattern(subject) else {
                reader.error(
                    entry,
                    "'\(ConfigurationReader.shown(subject))' is no subject: words with dots between them, "
                        + "* for one word, > at the end for the rest"
                )
                continue
            }
            subjects.append(subject)
        }
        topic.subjects = subjects
    }

    private mutating func parseRetention(_ node: Node?, _ topic: inout TopicConfiguration) {
        guard let node else { return }
        guard let fields = reader.fields(node, "retention", known: Self.limits) else { return }
        topic.retention.maxAge = reader.duration(fields["max_age"], "max_age")
        topic.retention.maxBytes = reader.bytes(fields["max_bytes"], "max_bytes")
        topic.retention.maxMessages =
            reader.integer(fields["max_messages"], "max_messages", in: 1...Int.max / 2)
            .map { UInt64($0) }
        topic.retention.maxPerSubject =
            reader.integer(fields["max_per_subject"], "max_per_subject", in: 1...Int.max / 2)
            .map { UInt64($0) }
    }

    private mutating func parseDedup(_ node: Node?, _ topic: inout TopicConfiguration) {
        guard let node else { return }
        guard let fields = reader.fields(node, "dedup", known: ["window", "by"]) else { return }
        if let window = reader.duration(fields["window"], "dedup.window") {
            topic.dedupWindow = window
        }
        switch reader.choice(fields["by"], "dedup.by", among: ["id", "content", "none"]) {
        case "content": topic.dedupKey = .content
        case "none": topic.dedupKey = .none
        case _: topic.dedupKey = .id
        }
    }

    static func isValidPattern(_ subject: String) -> Bool {
        let words = subject.split(separator: ".", omittingEmptySubsequences: false)
        guard subject.utf8.count <= 255, !words.isEmpty else { return false }
        return words.enumerated().allSatisfy { place, word in
            if word == ">" { return place == words.count - 1 }
            if word == "*" { return true }
            return !word.isEmpty
                && word.utf8.allSatisfy { $0 > 32 && $0 < 127 && $0 != 42 && $0 != 62 }
        }
    }
}
