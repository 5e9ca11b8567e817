import WiberBase

/// Reads a compressed segment file as if it were plain, through a window.
struct BlockFile {
    /// How much is expanded ahead, about, in bytes.
    static let window = 256 << 10

    let disk: any Disk
    let path: String
    /// The size of the file itself.
    let fileSize: Int
    private(set) var table = BlockTable()
    /// What is wrong with the table; then ``table`` has the blocks that could be found without it.
    private(set) var damage: String?
    /// Why the table could not be read, which says nothing of what is there.
    private var failure: DiskError?
    /// What the window holds.
    private(set) var buffer: [UInt8] = []
    private var start = 0

    init(_ disk: any Disk, _ path: String, fileSize: Int) {
        self.disk = disk
        self.path = path
        self.fileSize = fileSize
        do throws(LogError) {
            do throws(LogError) {
                table = try readTable()
            } catch .damaged(let list) {
                damage = "the table of its blocks is damaged: \(LogError.damaged(list))"
                table = try foundTable()
            }
        } catch .disk(let error) {
            failure = error
        } catch {
            damage = "the table of its blocks is damaged: \(error)"
        }
    }

    /// Brings `count` bytes of the plain file at `offset` into ``buffer`` and says where they are in it.
    ///
    /// - Returns: A range that is shorter than `count` where the file ends first.
    mutating func load(at offset: Int, count: Int) throws(LogError) -> Range<Int> {
        if let failure { throw .disk(failure) }
        let end = min(offset + count, table.length)
        guard offset >= 0, offset < end else { return 0..<0 }
        if offset < start || end > start + buffer.count { try fill(from: offset, to: end) }
        let loaded = min(end, start + buffer.count)
        return offset - start..<max(offset - start, loaded - start)
    }

    /// The bytes of the file itself that put bytes right which are a block of their own.
    ///
    /// - Returns: `nil` if there is no such block.
    func patch(at offset: Int, _ bytes: [UInt8]) -> (offset: Int, bytes: [UInt8])? {
        guard offset >= 0, offset < table.length else { return nil }
        let block = table.blocks[table.place(of: offset)]
        guard block.start == offset, block.length == bytes.count, block.storedLength == bytes.count
        else { return nil }
        let encoded = bytes.withUnsafeBytes {
            Block.encode($0, start: offset, mayCompress: false)
        }
        return (block.offset, encoded)
    }

    // MARK: Blocks

    /// Expands the blocks that hold a range, and a few more.
    ///
    /// The window holds whole blocks only, also after an error.
    private mutating func fill(from offset: Int, to end: Int) throws(LogError) {
        var next = table.place(of: offset)
        let base = table.blocks[next].start
        if base >= start, base < start + buffer.count {
            let held = start + buffer.count
            next = held < table.length ? table.place(of: held) : table.blocks.count
            buffer.removeFirst(base - start)
        } else {
            buffer = []
        }
        start = base
        let needed = table.place(of: end - 1)
        var last = needed
        while last + 1 < table.blocks.count, table.blocks[last].end - base < Self.window {
            last += 1
        }
        guard next <= last else { return }
        let first = table.blocks[next].offset
        var bytes = try? disk.read(path, at: first, count: table.blocks[last].next - first)
        if bytes == nil {
            // A sector ahead that cannot be read is no failure of what was asked for.
            last = max(next, needed)
            bytes = try read(at: first, count: table.blocks[last].next - first)
        }
        for place in next...last {
            do throws(CodecError) {
                try append(table.blocks[place], bytes ?? [], from: first)
            } catch {
                guard place <= needed else { return }
                let what = "a compressed block is damaged (\(error))"
                let offset = table.blocks[place].offset
                throw .damaged([Damage(path: path, offset: offset, what: what)])
            }
        }
    }

    private mutating func append(
        _ block: Block,
        _ bytes: [UInt8],
        from first: Int
    ) throws(CodecError) {
        let range = min(bytes.count, block.offset - first)..<min(bytes.count, block.next - first)
        var failure: CodecError?
        bytes.withUnsafeBytes { raw in
            do throws(CodecError) {
                try block.append(UnsafeRawBufferPointer(rebasing: raw[range]), to: &buffer)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
    }

    private func read(at offset: Int, count: Int) throws(LogError) -> [UInt8] {
        do throws(DiskError) {
            return try disk.read(path, at: offset, count: count)
        } catch {
            throw .disk(error)
        }
    }

    // MARK: Table

    private func readTable() throws(LogError) -> BlockTable {
        let count = min(fileSize, BlockTable.readAhead)
        let tail = try read(at: fileSize - count, count: count)
        guard tail.count >= BlockTable.trailerLength else {
            throw .damaged([Damage(path: path, what: "it is too short")])
        }
        let claimed = try decoded(tail.suffix(BlockTable.trailerLength)) {
            bytes throws(CodecError) in
            try BlockTable.claimedLength(bytes, fileSize: fileSize)
        }
        var whole = tail.suffix(claimed)
        if claimed > tail.count { whole = try read(at: fileSize - claimed, count: claimed)[...] }
        return try decoded(whole) { bytes throws(CodecError) in
            try BlockTable.decode(bytes, fileSize: fileSize)
        }
    }

    private func decoded<Value>(
        _ bytes: ArraySlice<UInt8>,
        _ decode: (UnsafeRawBufferPointer) throws(CodecError) -> Value
    ) throws(LogError) -> Value {
        let result = bytes.withUnsafeBytes { raw -> Result<Value, CodecError> in
            do throws(CodecError) {
                return .success(try decode(raw))
            } catch {
                return .failure(error)
            }
        }
        switch result {
        case .success(let value): return value
        case .failure(let error):
            throw .damaged([Damage(path: path, offset: fileSize, what: "\(error)")])
        }
    }

    /// The table as the blocks' headers give it, up to the first one that is damaged.
    private func foundTable() throws(LogError) -> BlockTable {
        var found = BlockTable()
        while found.blocks.count < BlockTable.countMax, let block = try header(at: found.blocksEnd),
            block.start == found.length, block.next <= fileSize
        {
            found.append(length: block.length, storedLength: block.storedLength)
        }
        return found
    }

    private func header(at offset: Int) throws(LogError) -> Block? {
        guard offset + Block.headerLength <= fileSize else { return nil }
        let bytes = try read(at: offset, count: Block.headerLength)
        return bytes.withUnsafeBytes { try? Block.decode($0, at: offset).block }
    }
}
