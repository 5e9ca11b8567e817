import WiberBase

/// Finds the batches of the write-ahead log, and decides which of them count.
///
/// Every block of every file is looked at, so that a damaged batch is never taken for the end: the
/// last batch alone may be cut, and only if no header anywhere says that it was durable (rule 4).
struct WALScan {
    /// A batch header that is intact, and where it is.
    struct Found {
        var file: WALFile
        var offset: Int
        var header: BatchHeader
    }

    /// What is known before a payload is read.
    struct Chain {
        /// The batches that replay needs, in order.
        var batches: [Found]
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
    private var found: [Found] = []

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
            return
        }
        var reader = FileReader(disk, path, size: size)
        let page = try reader.load(at: 0, count: WALFile.firstOffset)
        let header = reader.buffer.withUnsafeBytes { bytes in
            try? WALFileHeader.decode(UnsafeRawBufferPointer(rebasing: bytes[page]), salt: salt)
        }
        guard let header, header.number == number, header.size == UInt64(size) else {
            let what =
                header == nil
                ? "the file header does not match its checksum"
                : "the file header is of another file, or the file has lost its end"
            damages.append(Damage(path: path, offset: 0, what: what))
            return
        }
        let file = WALFile(number: number, size: size)
        files.append(file)
        for offset in stride(from: WALFile.firstOffset, to: size, by: WALFile.blockSize) {
            let block = try reader.load(at: offset, count: BatchHeader.size)
            let header = reader.buffer.withUnsafeBytes { bytes in
                try? BatchHeader.decode(UnsafeRawBufferPointer(rebasing: bytes[block]), salt: salt)
            }
            guard let header else { continue }
            found.append(Found(file: file, offset: offset, header: header))
        }
    }

    /// The batches that replay needs; `nil` with ``damages`` if that cannot be said.
    mutating func chain() throws(DiskError) -> Chain? {
        found.sort {
            ($0.header.sequence, $0.header.generation) < ($1.header.sequence, $1.header.generation)
        }
        if Mutant.rotCutAsTorn.isOn { cutAtRot() }
        guard let top = found.last else {
            damages.append(Damage(path: WALFile.directory, what: "no batch is intact"))
            return nil
        }
        var chain = Chain(
            batches: [],
            durable: top.header.durable,
            generationMax: found.reduce(0) { max($0, $1.header.generation) },
            sequenceMax: top.header.sequence
        )
        var last: Found?
        for batch in found.reversed()
        where batch.header.sequence >= top.header.durable {
            if try isComplete(batch) {
                last = batch
                break
            }
            chain.tornTail = Self.describe(batch.header.sequence, batch.file, batch.offset)
        }
        guard let last else {
            let what =
                "batch \(top.header.sequence) is incomplete and batch \(top.header.durable),"
                + " which was durable, is damaged"
            damages.append(Damage(path: top.file.path, offset: top.offset, what: what))
            return nil
        }
        try collect(through: last, into: &chain)
        if chain.tornTail == nil { chain.tornTail = try tornHeader(after: last) }
        noteLive(last, &chain)
        return damages.isEmpty ? chain : nil
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
    private mutating func collect(
        through last: Found,
        into chain: inout Chain
    ) throws(DiskError) {
        let oldest = last.header.oldestGeneration
        var batches: [Found] = []
        var expected = last.header.sequence
        var checksum = last.header.checksum
        for batch in found.reversed() where batch.header.sequence == expected {
            guard batch.header.checksum == checksum else { continue }
            guard batch.header.generation >= oldest else { break }
            batches.append(batch)
            expected = batch.header.sequence &- 1
            checksum = batch.header.previousChecksum
        }
        chain.batches = batches.reversed()
        guard let first = chain.batches.first else { return }
        let isFirst =
            first.header.generation == oldest && first.offset == WALFile.firstOffset
        guard !isFirst else { return }
        if let (file, offset) = try brokenHeader(expected, since: oldest) {
            let what = "batch \(expected), which was durable, is damaged"
            damages.append(Damage(path: file.path, offset: offset, what: what))
        } else {
            let what =
                "batch \(expected), which was durable, is damaged or missing before this one"
            damages.append(Damage(path: first.file.path, offset: first.offset, what: what))
        }
    }

    /// Whether table, payloads and padding are all there.
    private func isComplete(_ found: Found) throws(DiskError) -> Bool {
        do throws(LogError) {
            var reader = BatchReader(disk, found)
            _ = try reader.read { _, _ in }
            return true
        } catch .disk(let error) {
            throw error
        } catch {
            return false
        }
    }
}
