import WiberBase

/// What a group's segment files hold below what the write-ahead log holds.
struct RecoveredSegments: Sendable {
    /// The entry before the first.
    var base = EntryID.zero
    /// The last entry that stays in segments.
    var last = EntryID.zero
    var lastChunk: Chunk?
    var closed: [ClosedSegment] = []
    var active: ActiveSegment?
    var runs: [EntryID] = []
    var configuration: [UInt8] = []
    /// The highest entry seen in any segment: it was committed once.
    var committed = LogIndex.zero
    /// Cuts segments to what stays; to be run once the write-ahead log's copy is durable.
    var cuts: [Cut] = []

    enum Cut: Sendable {
        case remove(path: String)
        /// Removes a file that may hold what is to be erased.
        case erase(path: String)
        case truncate(path: String, size: Int)
        case expand(SegmentExpansion)

        func run(on disk: any Disk) throws(DiskError) {
            switch self {
            case .remove(let path): try disk.remove(path)
            case .erase(let path):
                try disk.overwrite(path, 0..<Int.max)
                try disk.sync(path)
                try disk.remove(path)
            case .truncate(let path, let size): try disk.truncate(path, to: size)
            case .expand(let expansion): try expansion.run(on: disk)
            }
        }
    }
}

/// Reads a group's segment files at a start.
///
/// What the write-ahead log still holds is cut from the segments and flushed again, because the
/// segments may not be durable there (rule 4); what is below must be intact.
struct SegmentRecovery {
    let disk: any Disk
    let group: GroupSlot
    let hard: HardSlot
    /// The first index that the write-ahead log holds; `nil` if it holds none of this group.
    let limit: LogIndex?
    let sparseInterval: Int
    private(set) var result = RecoveredSegments()
    /// Of the last chunk of the file that was read last.
    private(set) var lastChecksum: UInt32 = 0
    /// Headers of files that were written anew.
    private(set) var rewritten: [String: SegmentHeader] = [:]

    init(
        _ disk: any Disk,
        group: GroupSlot,
        hard: HardSlot,
        limit: LogIndex?,
        sparseInterval: Int
    ) {
        self.disk = disk
        self.group = group
        self.hard = hard
        self.limit = limit
        self.sparseInterval = sparseInterval
    }

    var directory: String { group.directory(hard.epoch) }

    struct File {
        var path: String
        var name: SegmentName
        var base: LogIndex { name.baseIndex }
    }

    mutating func run() throws(LogError) {
        do throws(LogError) {
            try readAll()
        } catch {
            throw replacingFile(error)
        }
    }

    private mutating func readAll() throws(LogError) {
        let files = try list()
        for (place, file) in files.enumerated() {
            let next = place + 1 < files.count ? files[place + 1].base : nil
            if let next, next <= hard.logStart {
                result.cuts.append(.remove(path: file.path))
            } else if isBeyondLimit(file) {
                try skip(file)
            } else {
                try read(file, next: next.flatMap { isBeyondLimit($0) ? nil : $0 })
            }
        }
        try readEnd()
        try checkStart()
        try clearOthers()
    }

    /// What is left of logs that this one has replaced, or that were to replace it.
    private mutating func clearOthers() throws(LogError) {
        guard group.group != .meta else { return }
        do throws(DiskError) {
            let first = group.directory(0)
            let names = try disk.list(first)
            for epoch in UInt16(0)...2 where epoch != hard.epoch {
                let directory = group.directory(epoch)
                guard epoch == 0 || names.contains(String(epoch)) else { continue }
                for name in epoch == 0 ? names : try disk.list(directory)
                where SegmentName.isOurs(name) {
                    result.cuts.append(.remove(path: directory + "/" + name))
                }
            }
        } catch {
            throw .disk(error)
        }
    }

    /// The last entry that must be in a segment; `nil` if only the segments know.
    private var lastNeeded: LogIndex? {
        limit?.previous ?? (hard.segmentEnd > .zero ? hard.segmentEnd : nil)
    }

    /// Whether all of a file will be flushed again.
    ///
    /// The first file of the log stays in any case: its header knows what came before.
    private func isBeyondLimit(_ file: File) -> Bool { isBeyondLimit(file.base) }

    private func isBeyondLimit(_ base: LogIndex) -> Bool {
        guard let limit else { return false }
        return base >= limit && (base > hard.logStart || hard.logStart == LogIndex(1))
    }

    /// The files that count, in order; what is left of others goes.
    private mutating func list() throws(LogError) -> [File] {
        var names: [String] = []
        do throws(DiskError) {
            names = try disk.list(directory)
        } catch {
            throw .disk(error)
        }
        var files: [File] = []
        let all = names.compactMap { SegmentName($0) }.map { name in
            File(path: directory + "/" + name.text, name: name)
        }
        for file in all.sorted(by: { ($0.base, $0.name.rewrite) < ($1.base, $1.name.rewrite) }) {
            if let last = files.last, last.base == file.base {
                result.cuts.append(.erase(path: files.removeLast().path))
            }
            files.append(file)
        }
        for name in names.sorted() where SegmentName.isLeftOver(name) {
            result.cuts.append(.erase(path: directory + "/" + name))
        }
        return files
    }

    /// A file that goes: how far it reached says what was committed.
    private mutating func skip(_ file: File) throws(LogError) {
        result.cuts.append(.remove(path: file.path))
        var reader = try SegmentReader.open(file.path, on: disk)
        if let trailer = try reader.trailer(), trailer.group == group.group {
            result.committed = max(result.committed, trailer.lastIndex)
        } else if let header = try? reader.header(), header.group == group.group,
            header.baseIndex == file.base
        {
            noteCommitted(&reader, from: header, at: header.length, next: header.baseIndex)
        }
    }

    /// Follows chunks as long as they are intact.
    private mutating func noteCommitted(
        _ reader: inout SegmentReader,
        from segment: SegmentHeader,
        at offset: Int,
        next: LogIndex
    ) {
        var offset = offset
        var next = next
        while offset < reader.size, let header = try? reader.verifyChunk(at: offset),
            header.group == group.group, header.index == next
        {
            result.committed = max(result.committed, next)
            offset += segment.spacing.length(header)
            next = next.next
        }
    }

    /// Reads a file that stays; `next` is the first entry of the one after it, if that stays, too.
    private mutating func read(_ file: File, next: LogIndex?) throws(LogError) {
        if let missing = missingFile(before: file) { throw .damaged([missing]) }
        var reader = try SegmentReader.open(file.path, on: disk)
        let header = try header(file, &reader)
        if header.rewrite > 0 { rewritten[file.path] = header }
        try reader.checkForm(of: group.group)
        let isFirst = result.closed.isEmpty
        if isFirst { result.base = header.previous }
        let expected = isFirst ? header.previous : result.last
        guard header.group == group.group, SegmentName(header) == file.name,
            header.previous == expected
        else {
            let what =
                "the segment of group \(header.group) follows entry \(header.previous), and entry"
                + " \(expected) of group \(group.group) is the last before it"
            throw .damaged([Damage(path: file.path, offset: 0, what: what)])
        }
        result.last = header.previous
        result.configuration = header.configuration
        // The footer is written with the chunk after it: that one must be durable, too.
        if let trailer = try reader.trailer(), limit.map({ trailer.lastIndex.next < $0 }) ?? true {
            try close(file, header, trailer, &reader)
        } else if let next {
            throw try footerDamage(file, header, through: next.previous, &reader)
        } else {
            try scan(header, &reader)
        }
    }

    private mutating func close(
        _ file: File,
        _ header: SegmentHeader,
        _ trailer: SegmentTrailer,
        _ reader: inout SegmentReader
    ) throws(LogError) {
        guard trailer.group == group.group, trailer.baseIndex == header.baseIndex else {
            throw .damaged([Damage(path: file.path, what: "the trailer is of another segment")])
        }
        let tables: SegmentTables
        do throws(LogError) {
            tables = try reader.tables(trailer)
        } catch {
            throw try footerDamage(file, header, through: trailer.lastIndex, &reader)
        }
        addRuns(tables.runs)
        result.closed.append(
            ClosedSegment(path: file.path, trailer: trailer, size: reader.storedSize)
        )
        result.last = trailer.last
        result.committed = max(result.committed, trailer.lastIndex)
        lastChecksum = trailer.lastChecksum
        guard trailer.configurationOffset > 0 else { return }
        do throws(LogError) {
            result.configuration = try reader.chunk(at: Int(trailer.configurationOffset)).bytes
        } catch {
            throw try footerDamage(file, header, through: trailer.lastIndex, &reader)
        }
    }

    /// The last chunk, where the newest file has none.
    private mutating func readEnd() throws(LogError) {
        guard result.active?.last == nil, let segment = result.closed.last else { return }
        let trailer = segment.trailer
        var reader = try SegmentReader.open(segment.path, on: disk)
        guard let row = try reader.tables(trailer).sparse.last else { return }
        var place = ChunkPlace(row, reader.spacing)
        place.through = trailer.lastIndex
        while place.offset < Int(trailer.chunksEnd) {
            let chunk = try reader.chunk(place, of: group.group)
            if chunk.header.index == trailer.lastIndex { result.lastChunk = chunk }
            place = place.after(chunk.header)
        }
        guard result.lastChunk?.id == trailer.last else {
            throw .damaged([Damage(path: segment.path, what: "the last chunk is not where it was")])
        }
    }

    private mutating func scan(
        _ header: SegmentHeader,
        _ reader: inout SegmentReader
    ) throws(LogError) {
        // What is compressed ends where it ends: its front is written anew.
        var header = header
        let source = directory + "/" + header.name
        let isExpanded = header.isCompressed
        if isExpanded {
            header.isCompressed = false
            header.rewrite = max(header.rewrite, header.rewrite &+ 1)
        }
        var active = ActiveSegment(header, directory: directory)
        var place = ChunkPlace(header, through: lastNeeded)
        var lastOffset: Int?
        while active.end < reader.size || lastNeeded.map({ place.index <= $0 }) ?? false,
            limit.map({ place.index < $0 || Mutant.segmentsNotCut.isOn }) ?? true
        {
            if Mutant.segmentRotCut.isOn,
                (try? reader.verify(place, of: group.group, isWhole: true)) == nil
            {
                break
            }
            let chunk = try reader.verify(place, of: group.group, isWhole: true)
            lastOffset = active.end
            if chunk.kind == .configuration {
                result.configuration = try reader.chunk(at: active.end).bytes
            }
            active.add(chunk, sparseInterval: sparseInterval)
            place = place.after(chunk)
        }
        if let lastOffset { result.lastChunk = try reader.chunk(at: lastOffset) }
        if let last = active.last { result.last = last.id }
        addRuns(active.tables.runs)
        result.committed = max(result.committed, result.last.index)
        result.active = active
        noteCommitted(&reader, from: header, at: active.end, next: place.index)
        if isExpanded {
            let expansion = SegmentExpansion(source: source, header: header, size: active.end)
            result.cuts.append(.expand(expansion))
        } else if active.end < reader.size {
            result.cuts.append(.truncate(path: active.path, size: active.end))
        }
    }

    private mutating func addRuns(_ runs: [EntryID]) {
        for run in runs where result.runs.last?.term != run.term { result.runs.append(run) }
    }

    /// Nothing may be missing at the front, or between segments and write-ahead log.
    private mutating func checkStart() throws(LogError) {
        let isKnown = !result.closed.isEmpty || hard.logStart == LogIndex(1)
        if let needed = lastNeeded, result.last.index < needed, result.active == nil, isKnown,
            let missing = missingFile(result.last.index.next, what: "the last file is missing")
        {
            throw .damaged([missing])
        }
        var damages: [Damage] = []
        if result.base.index.next != hard.logStart {
            let what =
                "the log starts at \(hard.logStart), its first segment at \(result.base.index.next)"
            damages.append(Damage(path: directory, what: what))
        }
        if let limit, result.last.index.next != limit {
            let what = "entries \(result.last.index.next) to \(limit.previous) are in no file"
            damages.append(Damage(path: directory, what: what))
        }
        if limit == nil, result.last.index < hard.segmentEnd {
            let what =
                "the segments were durable up to entry \(hard.segmentEnd) and end at"
                + " \(result.last.index)"
            damages.append(Damage(path: directory, what: what))
        }
        guard damages.isEmpty || Mutant.segmentRotCut.isOn else { throw .damaged(damages) }
    }
}
