import WiberBase

/// Which file takes the next batch, which are full, and which can be used again.
///
/// Files have fixed names; the *generation* in the batches says in which order they were used, so
/// that using one again costs no directory operation.
struct WriteAheadLog: Sendable {
    /// A file in use.
    struct Used: Sendable {
        var file: WALFile
        var generation: UInt64
        /// The groups, as slots, that have records in it; each once.
        var slots: [Int] = []
    }

    let salt: UInt32
    private(set) var active: Used
    /// Where the next batch goes.
    private(set) var offset: Int
    /// Full files, the oldest first.
    private(set) var full: [Used] = []
    /// Files that nothing needs once the next batch says so.
    private(set) var releasing: [Used] = []
    /// Files that can be used at once.
    private(set) var free: [WALFile] = []
    /// Free files that are being overwritten.
    private(set) var overwriting: [WALFile] = []
    /// Numbers of files that hold bytes which are to be overwritten before they are used again.
    private(set) var stale: Set<UInt64> = []
    /// The last batch that was built, and its checksum.
    private(set) var sequence: UInt64
    private(set) var lastChecksum: UInt32
    /// The last batch that is durable.
    private(set) var durable: UInt64
    private(set) var generation: UInt64
    /// The highest number of a file that exists or is being made.
    private(set) var lastNumber: UInt64
    /// Whether the last batch is a seal.
    private(set) var isSealed = false

    /// Continues after the batch of a start, which is durable (rule 3).
    init(
        salt: UInt32,
        active: WALFile,
        offset: Int,
        header: BatchHeader,
        free: [WALFile],
        lastNumber: UInt64,
        slots: [Int]
    ) {
        self.salt = salt
        self.active = Used(file: active, generation: header.generation, slots: slots)
        self.offset = offset
        self.free = free
        self.lastNumber = lastNumber
        sequence = header.sequence
        durable = header.sequence
        lastChecksum = header.checksum
        generation = header.generation
    }

    var fileCount: Int { 1 + full.count + releasing.count + free.count + overwriting.count }
    /// The size of the full files together, in bytes.
    var fullBytes: Int { full.reduce(0) { $0 + $1.file.size } }
    /// The first file that replay needs.
    var oldestGeneration: UInt64 { full.first?.generation ?? active.generation }

    /// Whether a batch of `length` bytes goes to the file in use.
    func hasRoom(for length: Int) -> Bool {
        offset + WALFile.padded(length) <= active.file.size
    }

    /// A file that a batch of `length` bytes can start, taken out of the free ones.
    mutating func takeFree(for length: Int) -> WALFile? {
        let needed = WALFile.firstOffset + WALFile.padded(length)
        let clean = free.firstIndex { $0.size >= needed && !isStale($0) }
        guard let place = clean ?? free.firstIndex(where: { $0.size >= needed }) else { return nil }
        return free.remove(at: place)
    }

    // MARK: Erasing

    func isStale(_ file: WALFile) -> Bool { stale.contains(file.number) }

    /// Whether the file in use is to be overwritten, and another one can take a batch of `length`
    /// bytes.
    func mustRoll(for length: Int) -> Bool {
        guard isStale(active.file) else { return false }
        let needed = WALFile.firstOffset + WALFile.padded(length)
        return free.contains { $0.size >= needed && !isStale($0) }
    }

    /// What all files hold now is to be overwritten once it is not needed.
    mutating func markStale() {
        for file in [active.file] + full.map(\.file) + releasing.map(\.file) + free {
            stale.insert(file.number)
        }
    }

    /// A file to overwrite, taken out of the free ones.
    mutating func takeStale() -> WALFile? {
        guard let place = free.firstIndex(where: isStale) else { return nil }
        let file = free.remove(at: place)
        overwriting.append(file)
        return file
    }

    /// A file that has nothing but zeros behind its header.
    mutating func addClean(_ file: WALFile) {
        stale.remove(file.number)
        overwriting.removeAll { $0.number == file.number }
        free.append(file)
    }

    /// Numbers a file that is about to be made.
    mutating func newFile(size: Int) -> WALFile {
        lastNumber += 1
        return WALFile(number: lastNumber, size: size)
    }

    mutating func addFree(_ file: WALFile) { free.append(file) }

    /// Goes on with another file.
    mutating func roll(to file: WALFile) {
        full.append(active)
        generation += 1
        active = Used(file: file, generation: generation)
        offset = WALFile.firstOffset
    }

    /// Builds the next batch and says where it goes; it has room.
    mutating func makeBatch(_ rows: [BatchRow]) -> (step: DiskStep, generation: UInt64) {
        let header = BatchHeader(
            generation: active.generation,
            sequence: sequence + 1,
            durable: durable,
            oldestGeneration: oldestGeneration,
            previousChecksum: lastChecksum
        )
        let batch = Batch(header, rows, salt: salt)
        invariant(hasRoom(for: batch.length), "a batch of \(batch.length) bytes at \(offset)")
        let step = DiskStep.batch(path: active.file.path, offset: offset, batch)
        sequence += 1
        lastChecksum = batch.header.checksum
        offset += batch.paddedLength
        isSealed = rows.isEmpty
        return (step, active.generation)
    }

    /// Notes that a group has records in the file in use.
    mutating func note(slot: Int) { active.slots.append(slot) }

    /// The batch that was built last is durable.
    mutating func completeBatch() { durable = sequence }

    /// The oldest full files are needed no more; the next batch will say so.
    mutating func release(_ count: Int) {
        releasing += full.prefix(count)
        full.removeFirst(count)
    }

    /// The batch that says so is durable: they can be used again.
    mutating func completeRelease(_ generations: [UInt64]) {
        for used in releasing where generations.contains(used.generation) {
            free.append(used.file)
        }
        releasing.removeAll { generations.contains($0.generation) }
    }
}
