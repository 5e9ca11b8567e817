import WiberBase

/// Plans which bytes of one group go where in its segment files.
struct SegmentPlan {
    private let group: GroupLog
    private let options: LogOptions
    private var active: ActiveSegment?
    private var closed: [ClosedSegment] = []
    private var configuration: [UInt8]
    private var previous: EntryID
    private var run: [Chunk] = []
    private var runStart = 0
    private(set) var steps: [DiskStep] = []
    private(set) var files: [String] = []
    private(set) var directories: [String] = []
    private(set) var bytes = 0

    init(_ group: GroupLog, _ options: LogOptions) {
        self.group = group
        self.options = options
        active = group.active
        configuration = group.configuration
        let term = group.term(at: group.flushed) ?? .zero
        previous = EntryID(index: group.flushed, term: term)
    }

    mutating func add(_ chunk: Chunk) {
        var segment = active ?? begin(chunk.header)
        if !segment.fits(chunk.header, limit: options.segmentSize) || segment.ends(before: chunk) {
            close(segment)
            segment = begin(chunk.header)
        }
        if run.isEmpty { runStart = segment.end }
        run.append(chunk)
        segment.add(chunk.header, sparseInterval: options.sparseInterval)
        active = segment
        bytes += chunk.bytes.count
        // What follows an erased body stands where it would without.
        if chunk.header.erasedCount > 0 { writeRun(segment) }
        previous = chunk.id
        if chunk.header.kind == .configuration { configuration = chunk.bytes }
    }

    /// What changes once the steps have run; `nil` if nothing was added.
    mutating func finish(slot: Int) -> FlushJob.Part? {
        guard let active, bytes > 0 else { return nil }
        writeRun(active)
        return FlushJob.Part(
            slot: slot,
            through: previous.index,
            bytes: bytes,
            closed: closed,
            active: active,
            configuration: configuration
        )
    }

    private mutating func begin(_ first: ChunkHeader) -> ActiveSegment {
        let directory = group.directory
        let header = SegmentHeader(
            group: group.id,
            baseIndex: first.index,
            baseSequence: first.baseSequence,
            previousTerm: previous.term,
            previousChecksum: first.previousChecksum,
            configuration: configuration
        )
        let segment = ActiveSegment(header, directory: directory)
        if group.active == nil, closed.isEmpty {
            steps.append(.makeDirectory(path: directory))
            directories += ["topics"]
        }
        directories.append(directory)
        steps.append(.create(path: segment.path))
        steps.append(.write(path: segment.path, offset: 0, bytes: header.encode()))
        files.append(segment.path)
        return segment
    }

    private mutating func close(_ segment: ActiveSegment) {
        writeRun(segment)
        guard let (footer, trailer) = segment.footer() else { return }
        steps.append(.write(path: segment.path, offset: segment.end, bytes: footer))
        files.append(segment.path)
        closed.append(ClosedSegment(path: segment.path, trailer: trailer, size: trailer.fileSize))
    }

    private mutating func writeRun(_ segment: ActiveSegment) {
        guard !run.isEmpty else { return }
        steps.append(.chunks(path: segment.path, offset: runStart, run))
        files.append(segment.path)
        run = []
    }
}
