import WiberBase

/// Finds the batches of the write-ahead log, and decides which of them count.
///
/// Every block of every file is looked at, so that a damaged batch is never taken for the end: the
/// last batch alone may be cut, and only if no header anywhere says that it was durable (rule 4).
/// Anything else that is missing is a *gap*, which makes every group suspect.
struct WALScan {
    /// A batch header that is intact, and where it is.
    struct Found {
        var file: WALFile
        var offset: Int
        var header: BatchHeader

        var order: (UInt64, UInt64, UInt32, Int) {
            (header.sequence, header.generation, header.checksum, offset)
        }
    }

    /// A step of the log.
    enum Item {
        case batch(Found)
        /// At least one batch is missing here, and nothing says what was in it.
        case gap
    }

    /// What is known before a payload is read.
    struct Chain {
        /// The batches that replay needs, in order.
        var items: [Item] = []
        /// The same without the gaps.
        var batches: [Found] {
            items.compactMap { item in
                if case .batch(let found) = item { return found }
                return nil
            }
        }
        /// The last batch in words, if it is incomplete: the write was cut short.
        var tornTail: String?
        /// The last batch that a later one, or itself, says was durable.
        var durable: UInt64
        /// The files that replay needs, now or if what is not durable yet is lost.
        var live: Set<UInt64> = []
        /// The highest numbers anywhere, used or not.
        var generationMax: UInt64
        var sequenceMax: UInt64
    }

    let disk: any Disk
    let salt: UInt32
    let fileCount: UInt64
    private(set) var files: [WALFile] = []
    private(set) var damages: [Damage] = []
    /// Files without a sound header: they have to be made again.
    private(set) var badFiles: [UInt64] = []
    private var found: [Found] = []
    /// Whether the batch that was durable last is known.
    private var isEndKnown = true

    init(_ disk: any Disk, salt: UInt32, fileCount: UInt64) {
        self.disk = disk
        self.salt = salt
        self.fileCount = fileCount
    }

    /// Looks at every block of every file.
    mutating func run() throws(DiskError) {
        guard fileCount > 0, fileCount < 1 << 20 else {
            damages.append(Damage(path: Superblock.path, what: "\(fileCount) log files"))
            return
        }
        for number in 1...fileCount { try scan(number) }
    }

    private mutating func scan(_ number: UInt64) throws(DiskError) {
        let path = WALFile.path(of: number)
        guard let size = try disk.size(path) else {
            damages.append(Damage(path: path, what: "the file is missing"))
            return badFiles.append(number)
        }
        var reader = FileReader(disk, path, size: size)
        let page = try reader.load(at: 0, count: WALFile.firstOffset)
        let header = reader.buffer.withUnsafeBytes { bytes in
            try? WALFileHeader.decode(UnsafeRawBufferPointer(rebasing: bytes[page]), salt: salt)
        }
        let file = WALFile(number: number, size: size)
        if let header, header.number == number, header.size == UInt64(size) {
            files.append(file)
        } else {
            let what =
                header == nil
                ? "the file header does not match its checksum"
                : "the file header is of another file, or the file has lost its end"
            damages.append(Damage(path: path, offset: 0, what: what))
            badFiles.append(number)
        }
        for offset in stride(from: WALFile.firstOffset, to: size, by: WALFile.blockSize) {
            let block = try reader.load(at: offset, count: BatchHeader.size)
            let header = reader.buffer.withUnsafeBytes { bytes in
                try? BatchHeader.decode(UnsafeRawBufferPointer(rebasing: bytes[block]), salt: salt)
            }
            guard let header else { continue }
            found.append(Found(file: file, offset: offset, header: header))
        }
    }

    /// The batches that replay needs, with the places where one is missing.
    mutating func chain() throws(DiskError) -> Chain {
        found.sort { $0.order < $1.order }
        try dropStrays()
        if Mutant.rotCutAsTorn.isOn { cutAtRot() }
        guard let top = found.last else {
            damages.append(Damage(path: WALFile.directory, what: "no batch is intact"))
            return Chain(items: [.gap], durable: 0, generationMax: 0, sequenceMax: 0)
        }
        var chain = Chain(
            durable: top.header.durable,
            generationMax: found.reduce(0) { max($0, $1.header.generation) },
            sequenceMax: top.header.sequence
        )
        let last = try last(top, &chain)
        if let last { try collect(through: last, into: &chain) }
        if chain.tornTail == nil, let last {
            chain.tornTail = try tornHeader(after: found[last])
        }
        if !isEndKnown || !badFiles.isEmpty { chain.items.append(.gap) }
        noteLive(last.map { found[$0] } ?? top, &chain)
        return chain
    }

    /// A header that is there twice was written to a wrong place once, where its batch is not.
    ///
    /// A short batch may be there as well. The later place counts: the first one in a file would say
    /// that nothing was before it.
    private mutating func dropStrays() throws(DiskError) {
        var kept: [Found] = []
        for batch in found {
            guard let last = kept.last, last.header == batch.header else {
                kept.append(batch)
                continue
            }
            let isLastComplete = try isComplete(last)
            let isComplete = try isComplete(batch)
            if isComplete || !isLastComplete { kept[kept.count - 1] = batch }
        }
        found = kept
    }

    /// Where the last batch that counts is: the top one if it is complete; else the one before,
    /// which was durable when the top one was written, in whatever state it is now.
    private mutating func last(_ top: Found, _ chain: inout Chain) throws(DiskError) -> Int? {
        if try isComplete(top) { return found.count - 1 }
        chain.tornTail = Self.describe(top.header.sequence, top.file, top.offset)
        if let before = predecessor(of: top, before: found.count) { return before }
        let what =
            "batch \(top.header.sequence) is incomplete and batch \(top.header.durable),"
            + " which was durable, is damaged"
        damages.append(Damage(path: top.file.path, offset: top.offset, what: what))
        isEndKnown = false
        return found.lastIndex { $0.header.sequence < top.header.sequence }
    }

    /// The batch that another one names as the one before it.
    private func predecessor(of batch: Found, before place: Int) -> Int? {
        found[..<place].lastIndex { before in
            before.header.checksum == batch.header.previousChecksum
                && before.header.sequence < batch.header.sequence
        }
    }

    /// What ``Mutant/rotCutAsTorn`` does.
    private mutating func cutAtRot() {
        let oldest = found.last?.header.oldestGeneration ?? 0
        let rotten = found.firstIndex {
            $0.header.generation >= oldest && (try? isComplete($0)) == false
        }
        if let rotten { found.removeSubrange(rotten...) }
    }

    /// What looks like the header of the next batch and is not intact.
    private func tornHeader(after last: Found) throws(DiskError) -> String? {
        var places = files.map { (file: $0, offset: WALFile.firstOffset) }
        places.append((last.file, last.offset + last.header.paddedLength))
        let next = last.header.sequence &+ 1
        for (file, offset) in places where offset < file.size {
            let block = try disk.read(file.path, at: offset, count: BatchHeader.size)
            if isBroken(block, next, last.header.generation) {
                return Self.describe(next, file, offset)
            }
        }
        return nil
    }

    /// Where a batch that is needed has stood; `nil` if nothing looks like its header.
    private func brokenHeader(
        _ sequence: UInt64,
        since generation: UInt64
    ) throws(DiskError) -> (file: WALFile, offset: Int)? {
        for file in files {
            var reader = FileReader(disk, file.path, size: file.size)
            for offset in stride(from: WALFile.firstOffset, to: file.size, by: WALFile.blockSize) {
                let range = try reader.load(at: offset, count: BatchHeader.size)
                let block = Array(reader.buffer[range])
                if isBroken(block, sequence, generation) { return (file, offset) }
            }
        }
        return nil
    }

    private func isBroken(_ block: [UInt8], _ sequence: UInt64, _ generation: UInt64) -> Bool {
        block.withUnsafeBytes { bytes in
            BatchHeader.isBroken(bytes, sequence, since: generation, salt: salt)
        }
    }

    private static func describe(_ sequence: UInt64, _ file: WALFile, _ offset: Int) -> String {
        "batch \(sequence) in \(file.path) at byte \(offset)"
    }

    /// The last batch may say that files are free; until it is durable, they are not.
    private func noteLive(_ last: Found, _ chain: inout Chain) {
        let durable = found.first { $0.header.sequence == chain.durable }
        let oldest = min(
            last.header.oldestGeneration,
            durable?.header.oldestGeneration ?? last.header.oldestGeneration
        )
        for batch in found where batch.header.generation >= oldest {
            chain.live.insert(batch.file.number)
        }
    }

    /// Walks back from the last batch to the first that it says replay needs.
    ///
    /// Where a batch is missing the highest one below goes on: it may have been cut once, and then
    /// what it holds is damage that was none; that is put right like any other.
    private mutating func collect(
        through last: Int,
        into chain: inout Chain
    ) throws(DiskError) {
        let oldest = found[last].header.oldestGeneration
        var items: [Item] = []
        var next: Int? = last
        while let place = next {
            let batch = found[place]
            items.append(.batch(batch))
            guard batch.header.generation > oldest || batch.offset > WALFile.firstOffset else {
                break
            }
            next = predecessor(of: batch, before: place)
            if let place = next, found[place].header.generation >= oldest { continue }
            try noteMissing(before: batch, since: oldest)
            items.append(.gap)
            next = found[..<place].lastIndex { before in
                before.header.sequence < batch.header.sequence
                    && before.header.generation >= oldest
            }
        }
        chain.items = items.reversed()
    }

    private mutating func noteMissing(
        before batch: Found,
        since oldest: UInt64
    ) throws(DiskError) {
        let missing = batch.header.sequence &- 1
        if let (file, offset) = try brokenHeader(missing, since: oldest) {
            let what = "batch \(missing), which was durable, is damaged"
            damages.append(Damage(path: file.path, offset: offset, what: what))
        } else {
            let what =
                "batch \(missing), which was durable, is damaged or missing before this one"
            damages.append(Damage(path: batch.file.path, offset: batch.offset, what: what))
        }
    }

    /// Whether table, payloads and padding are all there.
    private func isComplete(_ found: Found) throws(DiskError) -> Bool {
        do throws(LogError) {
            var reader = BatchReader(disk, found)
            return try reader.read { _ in }.isEmpty
        } catch .disk(let error) {
            throw error
        } catch {
            return false
        }
    }
}
