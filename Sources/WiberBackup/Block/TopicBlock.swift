public import WiberBase
import WiberMeta

/// A topic as it was when its backup began.
///
///     byte  size  field
///     0     16    backup         what names the backup of this topic
///     16    8     takenAt        nanoseconds since 1970
///     24    8     firstSequence
///     32    8     nextSequence
///     40    8     messages       that are there
///     48    8     bytes          of their bodies
///     56    n     configuration  a version (8 bits) and the topic, as the meta group's commands have it
public struct TopicBlock: Equatable, Sendable {
    /// What names the backup: a restore goes on only with the same one.
    public var backup: UniqueID
    /// When it was taken, by the clock of the node that was asked.
    public var takenAt: Timestamp
    /// The first message.
    public var firstSequence: Sequence
    /// The sequence after the last message's.
    public var nextSequence: Sequence
    /// What the topic held.
    public var totals: BackupTotals
    /// What somebody asked it to be.
    public var configuration: TopicConfiguration

    /// A topic.
    public init(
        backup: UniqueID,
        takenAt: Timestamp,
        firstSequence: Sequence,
        nextSequence: Sequence,
        totals: BackupTotals,
        configuration: TopicConfiguration
    ) {
        self.backup = backup
        self.takenAt = takenAt
        self.firstSequence = firstSequence
        self.nextSequence = nextSequence
        self.totals = totals
        self.configuration = configuration
        // Another backup's, if the topic was restored itself.
        self.configuration.restoredFrom = nil
        self.configuration.isRestoring = false
    }

    /// What the topic is while it is being restored under a name.
    ///
    /// Messages without a subject keep the one that they had.
    public func restored(as name: String) -> TopicConfiguration {
        var topic = configuration
        let own = topic.ownSubject ?? topic.name
        topic.ownSubject = own == name ? nil : own
        topic.name = name
        topic.restoredFrom = backup
        topic.isRestoring = true
        return topic
    }

    /// The block's payload.
    public var payload: [UInt8] {
        var bytes: [UInt8] = []
        backup.encode(into: &bytes)
        bytes.appendInteger(takenAt.rawValue)
        bytes.appendInteger(firstSequence.rawValue)
        bytes.appendInteger(nextSequence.rawValue)
        totals.encode(into: &bytes)
        return bytes + MetaCommand.encodeVersioned(configuration)
    }

    /// Reads a block's payload.
    public init(_ block: Block) throws(BackupError) {
        guard block.kind == .topic else { throw .misplaced(block.kind) }
        do throws(CodecError) {
            self = try block.payload.read { (reader) throws(CodecError) in
                try Self.decode(&reader)
            }
        } catch {
            throw .damaged(error)
        }
    }

    private static func decode(_ reader: inout ByteReader) throws(CodecError) -> TopicBlock {
        let topic = TopicBlock(
            backup: try UniqueID.decode(&reader),
            takenAt: try reader.identifier(),
            firstSequence: try reader.identifier(),
            nextSequence: try reader.identifier(),
            totals: try BackupTotals(&reader),
            configuration: try MetaCommand.decodeVersioned(&reader)
        )
        guard reader.remaining == 0 else {
            throw .invalid(field: "length", value: UInt64(reader.remaining))
        }
        guard topic.backup != .zero else {
            throw .invalid(field: "backup", value: topic.backup.low)
        }
        let (first, next) = (topic.firstSequence, topic.nextSequence)
        guard first >= Sequence(1), first <= next, next.rawValue < MessageBlock.sequenceEnd else {
            throw .invalid(field: "nextSequence", value: next.rawValue)
        }
        guard topic.totals.messages <= next.rawValue - first.rawValue else {
            throw .invalid(field: "messages", value: topic.totals.messages)
        }
        return topic
    }
}

/// How much a topic holds.
public struct BackupTotals: Equatable, Sendable {
    /// The messages.
    public var messages: UInt64
    /// The bytes of their bodies.
    public var bytes: UInt64

    /// As much.
    public init(messages: UInt64 = 0, bytes: UInt64 = 0) {
        self.messages = messages
        self.bytes = bytes
    }

    init(_ reader: inout ByteReader) throws(CodecError) {
        self.init(messages: try reader.integer(), bytes: try reader.integer())
    }

    func encode(into bytes: inout [UInt8]) {
        bytes.appendInteger(messages)
        bytes.appendInteger(self.bytes)
    }
}
