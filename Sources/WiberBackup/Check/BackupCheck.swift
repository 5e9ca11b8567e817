import WiberBase
import WiberTopic

/// A block whose place in the backup was checked.
public enum BackupItem: Equatable, Sendable {
    /// A topic begins.
    case topic(TopicBlock)
    /// Messages of it.
    case messages(MessageBlock)
    /// It is complete; its entry for the contents.
    case end(EndBlock, ContentsBlock.Entry)
    /// The backup is complete.
    case contents(ContentsBlock)
}

/// Checks a backup block by block: that all of them are there, once, and in order, and that they have
/// what they say.
public struct BackupCheck: Sendable {
    private struct Open {
        let topic: TopicBlock
        var checksum: UInt32
        var number: UInt32
        var last = Sequence.zero
        var lastTime = Timestamp.zero
        var totals = BackupTotals()
    }

    private var open: Open?
    /// The topics that are complete.
    public private(set) var topics: [ContentsBlock.Entry] = []
    /// Whether the contents came.
    public private(set) var isComplete = false

    /// Before the first block.
    public init() {}

    /// Whether no topic is half there.
    public var isBetweenTopics: Bool { open == nil }

    /// Takes the next block.
    ///
    /// - Throws: ``BackupError`` if it is not what comes next; no other one may be given then.
    public mutating func take(_ block: Block) throws(BackupError) -> BackupItem {
        guard !isComplete else { throw .tooMuch }
        guard var current = open else { return try begin(block) }
        guard block.previous == current.checksum, block.number == current.number &+ 1 else {
            throw .misplaced(block.kind)
        }
        current.checksum = block.checksum
        current.number = block.number
        switch block.kind {
        case .topic, .contents: throw .misplaced(block.kind)
        case .messages:
            let messages = try MessageBlock(block)
            try Self.add(messages, to: &current)
            open = current
            return .messages(messages)
        case .end:
            let end = try EndBlock(block)
            let entry = try Self.finish(end, current, block.checksum)
            topics.append(entry)
            open = nil
            return .end(end, entry)
        }
    }

    private mutating func begin(_ block: Block) throws(BackupError) -> BackupItem {
        if block.kind == .contents {
            let contents = try ContentsBlock(block)
            guard contents.topics == topics else { throw .otherTopics }
            isComplete = true
            return .contents(contents)
        }
        guard block.number == 0, block.previous == 0, topics.count < ContentsBlock.topicsMax else {
            throw .misplaced(block.kind)
        }
        let topic = try TopicBlock(block)
        open = Open(topic: topic, checksum: block.checksum, number: 0)
        return .topic(topic)
    }

    private static func add(
        _ block: MessageBlock,
        to open: inout Open
    ) throws(BackupError) {
        guard block.after == open.last, let first = block.messages.first,
            first.time > open.lastTime, first.sequence >= open.topic.firstSequence,
            block.last < open.topic.nextSequence
        else { throw .misplaced(.messages) }
        open.last = block.last
        open.lastTime = block.messages.last?.time ?? open.lastTime
        open.totals.messages += UInt64(block.messages.count)
        open.totals.bytes += block.byteCount
    }

    private static func finish(
        _ end: EndBlock,
        _ open: Open,
        _ checksum: UInt32
    ) throws(BackupError) -> ContentsBlock.Entry {
        let name = open.topic.configuration.name
        guard end.last == open.last, end.nextSequence == open.topic.nextSequence,
            end.totals == open.totals
        else { throw .misplaced(.end) }
        guard open.totals == open.topic.totals else {
            throw .otherTotals(topic: name, expected: open.topic.totals, found: open.totals)
        }
        return ContentsBlock.Entry(name: name, checksum: checksum, totals: open.totals)
    }
}
