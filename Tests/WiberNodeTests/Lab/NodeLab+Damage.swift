import WiberBase

@testable import WiberLog
@testable import WiberNode

/// Disks that lie, and what nodes did about it.
extension NodeLab {
    /// The segment files of a topic on one node, oldest first.
    func segments(_ topic: String, _ place: Int) -> [String] {
        machines[place].disk.paths.filter { $0.hasPrefix("topics/") && $0.contains("-\(topic)/") }
    }

    /// Flips one bit of a file.
    func flip(_ path: String, bit: Int, on place: Int) {
        var bytes = machines[place].disk.bytes(path)
        guard bit / 8 < bytes.count else { return }
        bytes[bit / 8] ^= 1 << UInt8(bit % 8)
        machines[place].disk.set(path, bytes)
    }

    /// Zeros a part of a file, as a lost write leaves it.
    func erase(_ path: String, _ range: Range<Int>, on place: Int) {
        var bytes = machines[place].disk.bytes(path)
        for byte in range.clamped(to: bytes.indices) { bytes[byte] = 0 }
        machines[place].disk.set(path, bytes)
    }

    func counters(_ place: Int) -> Counters { machines[place].core?.counters ?? Counters() }

    /// Publishes until the oldest messages are on disk only, in chunks of about 1,300 bytes.
    func fill(_ topic: String, rounds: Int = 90) {
        let client = connect(to: machines.indices.first { machines[$0].core != nil } ?? 0)
        let text = String(repeating: "x", count: 80)
        for round in 0..<rounds {
            ask(client, (0..<10).map { "PUB \(topic) \(round)-\($0)-\(text)" })
            _ = answers(client)
        }
        disconnect(client)
        _ = run { self.isSettled(topic) }
    }

    /// All messages as a client gets them from one node.
    func history(_ topic: String, _ place: Int) -> String {
        ask(node: place, "HISTORY \(topic) 1 1000").joined()
    }

    /// A batch of a node's write-ahead log.
    struct LoggedBatch {
        var path: String
        var offset: Int
        var header: BatchHeader
        var rows: [RecordHeader]

        /// Where the bytes of a row begin in the file.
        func payload(of row: Int) -> Int {
            offset + BatchHeader.size + header.tableLength
                + rows[..<row].reduce(0) { $0 + $1.payloadLength }
        }
    }

    /// The batches that a node needs at its next start, in order.
    func batches(_ place: Int) throws -> [LoggedBatch] {
        let disk = machines[place].disk
        var slots = SlotRecovery(disk)
        guard let superblock = try slots.superblock() else { return [] }
        var scan = WALScan(disk, salt: superblock.salt, fileCount: superblock.walFileCount)
        try scan.run()
        return try scan.chain().items.compactMap { item -> LoggedBatch? in
            guard case .batch(let found) = item else { return nil }
            var rows: [RecordHeader] = []
            var reader = BatchReader(disk, found)
            _ = try reader.read { row in rows.append(row.header) }
            return LoggedBatch(
                path: found.file.path,
                offset: found.offset,
                header: found.header,
                rows: rows
            )
        }
    }

    /// Rots an entry of a topic in a node's write-ahead log; returns whether it was there.
    func rot(_ topic: String, at index: LogIndex, on place: Int, group: GroupID) throws -> Bool {
        for batch in try batches(place).reversed() {
            let row = batch.rows.firstIndex { $0.group == group && $0.index == index }
            guard let row else { continue }
            flip(batch.path, bit: (batch.payload(of: row) + 100) * 8, on: place)
            return true
        }
        return false
    }
}
