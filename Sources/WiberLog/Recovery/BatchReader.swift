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

    /// Gives each entry to `visit`, in order, once it is verified.
    ///
    /// - Throws: ``LogError/damaged(_:)`` with the names of all entries that are not intact.
    mutating func read(_ visit: (RecordHeader, Chunk) -> Void) throws(LogError) {
        let rows = try table()
        var damages: [Damage] = []
        var offset = found.offset + BatchHeader.size + found.header.tableLength
        for row in rows {
            let payload = try load(at: offset, count: Int(row.length))
            switch chunk(row, payload) {
            case .success(let chunk): visit(row, chunk)
            case .failure(let error):
                let what =
                    "entry \(row.index)/\(row.term) of group \(row.group) is damaged: \(error)"
                damages.append(Damage(path: found.file.path, offset: offset, what: what))
            }
            offset += Int(row.length)
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
        guard damages.isEmpty else { throw .damaged(damages) }
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
            return try? (0..<header.count).map { _ in try RecordHeader.decode(&reader) }
        }
        let payload = rows?.reduce(0) { $0 + Int($1.length) }
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
                    chunk.header.term == row.term, chunk.header.length == row.length
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
