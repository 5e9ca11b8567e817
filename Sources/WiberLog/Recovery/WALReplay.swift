import WiberBase

/// What the write-ahead log holds of each group, by rule 1.
struct WALReplay {
    private(set) var tails: [GroupID: [Chunk]] = [:]
    private(set) var damages: [Damage] = []
    private(set) var entryCount = 0

    /// Reads the batches of a chain, in order.
    mutating func run(_ chain: WALScan.Chain, on disk: any Disk) throws(DiskError) {
        var file: FileReader?
        for found in chain.batches {
            var reader = BatchReader(disk, found, after: file)
            defer { file = reader.reader }
            do throws(LogError) {
                try reader.read { _, chunk in add(chunk, found) }
            } catch .disk(let error) {
                throw error
            } catch .damaged(let list) {
                damages += list
            } catch {
                damages.append(Damage(path: found.file.path, what: "\(error)"))
            }
        }
    }

    /// A record at an index discards what its group had from there on.
    private mutating func add(_ chunk: Chunk, _ found: WALScan.Found) {
        entryCount += 1
        let index = chunk.header.index
        var tail = tails.removeValue(forKey: chunk.header.group) ?? []
        if let first = tail.first?.header.index {
            if index <= first {
                tail.removeAll(keepingCapacity: true)
            } else {
                let kept = index.rawValue - first.rawValue
                if kept > UInt64(tail.count) {
                    let group = chunk.header.group
                    let what = "entries before \(index) of group \(group) are missing"
                    damages.append(
                        Damage(path: found.file.path, offset: found.offset, what: what)
                    )
                    tail.removeAll()
                } else {
                    tail.removeLast(tail.count - Int(kept))
                }
            }
        }
        tail.append(chunk)
        tails[chunk.header.group] = tail
    }

    /// Takes a group's entries out, from `start` on.
    mutating func take(_ group: GroupID, from start: LogIndex) -> [Chunk] {
        var tail = tails.removeValue(forKey: group) ?? []
        tail.removeAll { $0.header.index < start }
        return tail
    }
}
