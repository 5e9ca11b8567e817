import WiberBackup
import WiberBase
import WiberTopic

/// A small backup, made without a node.
struct SampleBackup {
    static let id = UniqueID(high: 3, low: 4)

    static var configuration: TopicConfiguration {
        var topic = TopicConfiguration(name: "Orders", replicas: 3)
        topic.description = "What was ordered"
        topic.retention.maxAge = 77
        topic.dedupKey = .content
        return topic
    }

    /// Messages with these sequences, one block each.
    static func topic(
        _ sequences: [UInt64],
        next: UInt64? = nil,
        payload: String = "hello"
    ) -> [[UInt8]] {
        var writer = BlockWriter()
        var totals = BackupTotals()
        let first = sequences.first ?? next ?? 1
        var blocks: [[UInt8]] = []
        for sequence in sequences {
            var builder = MessageBlockBuilder()
            if let last = blocks.last { builder = Self.continued(last) }
            let length = append(sequence, payload, to: &builder)
            totals.messages += 1
            totals.bytes += UInt64(length)
            blocks.append(builder.finish())
        }
        let end = next ?? (sequences.last ?? 0) + 1
        let topic = TopicBlock(
            backup: id,
            takenAt: Timestamp(5),
            firstSequence: Sequence(first),
            nextSequence: Sequence(end),
            totals: totals,
            configuration: configuration
        )
        let last = EndBlock(
            last: Sequence(sequences.last ?? 0),
            nextSequence: Sequence(end),
            totals: totals
        )
        var result = [writer.block(.topic, topic.payload)]
        for payload in blocks { result.append(writer.block(.messages, payload)) }
        result.append(writer.block(.end, last.payload))
        return result
    }

    /// A builder behind the block with this payload.
    private static func continued(_ payload: [UInt8]) -> MessageBlockBuilder {
        var writer = BlockWriter()
        var builder = MessageBlockBuilder()
        guard let block = try? Block.decode(writer.block(.messages, payload)[...]),
            let messages = try? MessageBlock(block)
        else { return builder }
        _ = append(messages.last.rawValue, "", to: &builder)
        _ = builder.finish()
        return builder
    }

    /// Adds a message; returns the length of its body.
    @discardableResult
    static func append(
        _ sequence: UInt64,
        _ payload: String,
        to builder: inout MessageBlockBuilder
    ) -> Int {
        let bytes = Array(payload.utf8)
        let subject = Array("orders.eu".utf8)
        return bytes.withUnsafeBytes { bytes in
            subject.withUnsafeBytes { subject in
                var body = MessageBody(payload: bytes)
                body.subject = subject
                let time = Timestamp(1_000 + sequence * 10)
                _ = builder.append(Sequence(sequence), time, body)
                return body.encodedLength
            }
        }
    }

    /// A stream with one topic.
    static func stream(_ blocks: [[UInt8]]) throws -> [UInt8] {
        var check = BackupCheck()
        for block in blocks { _ = try check.take(try Block.decode(block[...])) }
        return blocks.flatMap { $0 } + ContentsBlock(topics: check.topics).encoded
    }

    /// Reads a stream to its end.
    static func read(_ bytes: [UInt8], piece: Int = 1 << 20) throws -> [BackupItem] {
        var splitter = BlockSplitter()
        var check = BackupCheck()
        var items: [BackupItem] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            splitter.append(rest.prefix(piece))
            rest = rest.dropFirst(piece)
            while let (block, _) = try splitter.next() { items.append(try check.take(block)) }
        }
        guard check.isComplete, !splitter.hasRest else { throw BackupError.incomplete }
        return items
    }
}
