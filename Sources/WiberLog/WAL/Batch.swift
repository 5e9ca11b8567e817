import WiberBase

/// A batch that is ready to be written; the payloads are the chunks themselves, not copies.
struct Batch: Sendable {
    let header: BatchHeader
    /// Header and table.
    let head: [UInt8]
    let chunks: [Chunk]

    /// Completes `header` with checksums, count and length.
    init(_ header: BatchHeader, _ chunks: [Chunk], salt: UInt32) {
        var header = header
        var table: [UInt8] = []
        table.reserveCapacity(chunks.count * RecordHeader.size)
        var payload = 0
        for chunk in chunks {
            let row = RecordHeader(
                group: chunk.header.group,
                index: chunk.header.index,
                term: chunk.header.term,
                length: chunk.header.length,
                checksum: CRC32C.checksum(chunk.bytes)
            )
            row.encode(into: &table)
            payload += chunk.bytes.count
        }
        header.tableChecksum = CRC32C.checksum(table)
        header.count = UInt32(chunks.count)
        header.length = UInt32(Self.length(records: chunks.count, payload: payload))
        var head: [UInt8] = []
        head.reserveCapacity(BatchHeader.size + table.count)
        header.seal(into: &head, salt: salt)
        head += table
        self.header = header
        self.head = head
        self.chunks = chunks
    }

    var length: Int { Int(header.length) }
    var paddedLength: Int { header.paddedLength }

    /// How long a batch is, without padding.
    static func length(records: Int, payload: Int) -> Int {
        BatchHeader.size + records * RecordHeader.size + payload
    }
}
