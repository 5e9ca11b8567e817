import WiberBase

/// A batch that is ready to be written; the payloads are the chunks themselves, not copies.
struct Batch: Sendable {
    let header: BatchHeader
    /// Header and table.
    let head: [UInt8]
    let chunks: [Chunk]

    /// Completes `header` with checksums, count and length.
    init(_ header: BatchHeader, _ rows: [BatchRow], salt: UInt32) {
        var header = header
        var table: [UInt8] = []
        table.reserveCapacity(rows.count * RecordHeader.size)
        for row in rows { row.header.encode(into: &table) }
        let chunks = rows.compactMap(\.chunk)
        let payload = chunks.reduce(0) { $0 + $1.bytes.count }
        header.tableChecksum = CRC32C.checksum(table)
        header.count = UInt32(rows.count)
        header.length = UInt32(Self.length(records: rows.count, payload: payload))
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
