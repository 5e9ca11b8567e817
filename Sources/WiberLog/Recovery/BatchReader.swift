import WiberBase

/// Reads one batch and verifies all of it: table, payloads, padding.
struct BatchReader {
    /// Of the batch's file; the next batch there goes on with it.
    private(set) var reader: FileReader
    private let found: WALScan.Found

    /// With the `reader` of a batch before it, no byte of their file is read twice.
    init(_ disk: any Disk, _ found: WALScan.Found, after reader: FileReader? = nil) {
        if let reader, reader.path == found.file.path {
            self.reader = reader
        } else {
            self.reader = FileReader(disk, found.file.path, size: found.file.size)
        }
        self.found = found
    }

    /// Gives each row to `visit`, in order, once it is verified: an entry that is not intact as a
    /// hole.
    ///
    /// - Returns: the damage of entries and padding.
    /// - Throws: ``LogError/damaged(_:)`` if the table is not intact.
    mutating func read(_ visit: (BatchRow) -> Void) throws(LogError) -> [Damage] {
        let rows = try table()
        var damages: [Damage] = []
        var offset = found.offset + BatchHeader.size + found.header.tableLength
        for row in rows {
            guard row.kind == .entry else {
                visit(.mark(row))
                continue
            }
            let payload = try load(at: offset, count: row.payloadLength)
            switch chunk(row, payload) {
            case .success(let chunk): visit(.entry(chunk))
            case .failure(let error):
                let what =
                    "entry \(row.index)/\(row.term) of group \(row.group) is damaged: \(error)"
                damages.append(Damage(path: found.file.path, offset: offset, what: what))
                var hole = row
                hole.kind = .hole
                visit(.mark(hole))
            }
            offset += row.payloadLength
        }
        let end = found.offset + found.header.paddedLength
        let padding = try load(at: offset, count: max(0, end - offset))
        let isZero = reader.buffer.withUnsafeBytes { bytes in
            UnsafeRawBufferPointer(rebasing: bytes[padding]).isZero
        }
        if !isZero || padding.count != end - offset {
            let what = "the padding of batch \(found.header.sequence) is damaged"
            damages.append(Damage(path: found.file.path, offset: offset, what: what))
        }
        return damages
    }

    private mutating func table() throws(LogError) -> [RecordHeader] {
        let header = found.header
        let offset = found.offset + BatchHeader.size
        let range = try load(at: offset, count: header.tableLength)
        let rows = reader.buffer.withUnsafeBytes { bytes -> [RecordHeader]? in
            let table = UnsafeRawBufferPointer(rebasing: bytes[range])
            guard table.count == header.tableLength,
                CRC32C.checksum(table) == header.tableChecksum
            else { return nil }
            var reader = ByteReader(table)
            return try? (0..<header.count).map { _ in try RecordHeader(decoding: &reader) }
        }
        let payload = rows?.reduce(0) { $0 + $1.payloadLength }
        guard let rows, let payload,
            BatchHeader.size + header.tableLength + payload == Int(header.length)
        else {
            let what = "the table of batch \(header.sequence) does not match its checksum"
            throw .damaged([Damage(path: found.file.path, offset: offset, what: what)])
        }
        return rows
    }

    private func chunk(_ row: RecordHeader, _ payload: Range<Int>) -> Result<Chunk, CodecError> {
        reader.buffer.withUnsafeBytes { bytes in
            do throws(CodecError) {
                let bytes = UnsafeRawBufferPointer(rebasing: bytes[payload])
                let isIntact = CRC32C.checksum(bytes) == row.checksum
                guard isIntact || Mutant.payloadNotVerified.isOn else {
                    throw .checksumMismatch(field: "payload")
                }
                let chunk = try Chunk.decode(bytes)
                guard chunk.header.group == row.group, chunk.header.index == row.index,
                    chunk.header.term == row.term, chunk.header.storedLength == row.length
                else { throw .invalid(field: "identity", value: chunk.header.index.rawValue) }
                return .success(chunk)
            } catch {
                return .failure(error)
            }
        }
    }

    private mutating func load(at offset: Int, count: Int) throws(LogError) -> Range<Int> {
        do throws(DiskError) {
            return try reader.load(at: offset, count: count)
        } catch {
            throw .disk(error)
        }
    }
}
