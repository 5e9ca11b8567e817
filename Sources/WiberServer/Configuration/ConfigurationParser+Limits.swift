import WiberBase
import WiberNode
import Yams

/// Tags, and what nodes and topics may hold.
extension ConfigurationParser {
    /// Less than this holds little beside the write-ahead log's own files.
    private static let diskQuotaMin: UInt64 = 512 << 20

    mutating func parseDiskQuota(_ node: Node?) -> UInt64? {
        guard let quota = reader.bytes(node, "disk_quota") else { return nil }
        if quota < Self.diskQuotaMin {
            reader.error(
                node,
                "disk_quota is less than 512MiB, which is little more than the log's own files: give"
                    + " more"
            )
        }
        return quota
    }

    /// The tags of a node, or those that a topic asks for; sorted.
    mutating func parseTags(_ node: Node?) -> [String]? {
        guard let list = reader.list(node, "tags") else { return nil }
        let tags = list.compactMap { reader.text($0, "a tag") }
        if let refusal = NodeTag.refusal(of: tags) {
            reader.error(node, refusal)
            return nil
        }
        return tags.sorted()
    }

    mutating func parsePlacement(_ node: Node?) -> TopicConfiguration.Placement? {
        guard let node,
            let fields = reader.fields(node, "placement", known: ["tags", "spread"])
        else { return nil }
        return TopicConfiguration.Placement(
            tags: parseTags(fields["tags"]) ?? [],
            spread: parseSpread(fields["spread"])
        )
    }

    private mutating func parseSpread(_ node: Node?) -> String? {
        guard let key = reader.text(node, "placement.spread") else { return nil }
        guard NodeTag.isValidKey(key) else {
            reader.error(
                node,
                "'\(ConfigurationReader.shown(key))' is not what a tag begins with: give zone for tags"
                    + " such as zone:a"
            )
            return nil
        }
        return key
    }

    mutating func parseQuota(_ node: Node?) -> TopicConfiguration.Quota? {
        guard let node, let fields = reader.fields(node, "quota", known: ["bytes", "messages"])
        else { return nil }
        return TopicConfiguration.Quota(
            bytes: reader.bytes(fields["bytes"], "quota.bytes"),
            messages: reader.integer(fields["messages"], "quota.messages", in: 1...Int.max / 2)
                .map { UInt64($0) }
        )
    }

    /// What is to change about a topic's placement and quota; `null` lifts one.
    mutating func parseLimitChanges(_ fields: [String: Node], _ changes: inout TopicChanges) {
        if let node = fields["placement"] {
            let parts = reader.fields(node, "placement", known: ["tags", "spread"]) ?? [:]
            if let tags = parts["tags"] { changes.placementTags = parseTags(tags) ?? [] }
            changes.spread = change(parts["spread"]) { $0.parseSpread($1) }
        }
        if let node = fields["quota"] {
            let parts = reader.fields(node, "quota", known: ["bytes", "messages"]) ?? [:]
            changes.quotaBytes = change(parts["bytes"]) { $0.reader.bytes($1, "quota.bytes") }
            changes.quotaMessages = change(parts["messages"]) { parser, node in
                parser.reader.integer(node, "quota.messages", in: 1...Int.max / 2)
                    .map { UInt64($0) }
            }
        }
    }

    /// `nil` if nothing is said, `.some(nil)` for `null`.
    private mutating func change<Value>(
        _ node: Node?,
        _ read: (inout ConfigurationParser, Node) -> Value?
    ) -> Value?? {
        guard let node else { return nil }
        return node.isNull ? .some(nil) : .some(read(&self, node))
    }
}

extension Node {
    /// Whether it is `null`.
    var isNull: Bool {
        scalar.map { $0.style == .plain && ["null", "~"].contains($0.string) } ?? false
    }
}
