import WiberBase

/// What a backup has: the last block of a stream, and a file of its own in a folder.
///
/// It is written last, so that a backup without it is not whole.
///
///     byte  size  field
///     0     4     count   of topics: 1 ... topicsMax
///     4     …     topics  name (32-bit length and text), checksum of the end block u32, messages u64,
///                         bytes u64
public struct ContentsBlock: Equatable, Sendable {
    /// The most topics of a backup.
    public static let topicsMax = 1 << 16

    /// A topic of the backup.
    public struct Entry: Equatable, Sendable {
        /// Its name.
        public var name: String
        /// The checksum of its end block, which stands for all of it.
        public var checksum: UInt32
        /// What it holds.
        public var totals: BackupTotals

        /// A topic.
        public init(name: String, checksum: UInt32, totals: BackupTotals) {
            self.name = name
            self.checksum = checksum
            self.totals = totals
        }
    }

    /// The topics, in their order.
    public var topics: [Entry]

    /// A backup of topics.
    public init(topics: [Entry]) { self.topics = topics }

    /// The whole block.
    public var encoded: [UInt8] {
        var bytes: [UInt8] = []
        bytes.appendInteger(UInt32(topics.count))
        for topic in topics {
            bytes.appendString(topic.name)
            bytes.appendInteger(topic.checksum)
            topic.totals.encode(into: &bytes)
        }
        return BlockWriter.encode(.contents, bytes, number: 0, previous: 0)
    }

    /// Reads a block's payload.
    public init(_ block: Block) throws(BackupError) {
        guard block.kind == .contents, block.number == 0, block.previous == 0 else {
            throw .misplaced(block.kind)
        }
        do throws(CodecError) {
            topics = try block.payload.read { (reader) throws(CodecError) in
                let count = try reader.integer(UInt32.self)
                guard count >= 1, count <= Self.topicsMax else {
                    throw .invalid(field: "count", value: UInt64(count))
                }
                var topics: [Entry] = []
                for _ in 0..<count { topics.append(try Self.entry(&reader)) }
                guard reader.remaining == 0, Set(topics.map(\.name)).count == topics.count else {
                    throw .invalid(field: "length", value: UInt64(reader.remaining))
                }
                return topics
            }
        } catch {
            throw .damaged(error)
        }
    }

    private static func entry(_ reader: inout ByteReader) throws(CodecError) -> Entry {
        let name = try reader.string(limit: 255)
        guard TopicConfiguration.isValidName(Array(name.utf8)) else {
            throw .invalid(field: "name", value: UInt64(name.utf8.count))
        }
        return Entry(
            name: name,
            checksum: try reader.integer(),
            totals: try BackupTotals(&reader)
        )
    }
}
