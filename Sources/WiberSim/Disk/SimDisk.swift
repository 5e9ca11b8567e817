import WiberBase
package import WiberLog

/// A disk that knows its accidents as different things: a process that dies and leaves the page
/// cache, a sync that fails and leaves pages clean, a power cut that loses, tears and reorders what
/// was not synced, and bytes that rot.
///
/// SAFETY: the simulator runs in one thread, and gives a disk to the machine that owns it only.
package final class SimDisk: Disk, @unchecked Sendable {
    /// A change of names that may not have reached the platter.
    private enum NameChange {
        case link(String, SimFile)
        case unlink(String)
        case rename(String, to: String)

        var path: String {
            switch self {
            case .link(let path, _), .unlink(let path), .rename(_, let path): path
            }
        }
    }

    private var names: [String: SimFile] = [:]
    private var durableNames: [String: SimFile] = [:]
    private var pending: [NameChange] = []
    private var directories: Set<String> = [""]
    private var random: RandomSource
    /// Calls that change something, so far.
    private(set) var operations = 0
    private(set) var syncs = 0
    /// The file that was written to last, by the beginning of its path.
    private(set) var lastWritten: [Substring: String] = [:]
    /// At this call the process dies, in the middle of it.
    private var crashAt: Int?
    /// Whether the process that used the disk has died in a call; later calls fail.
    private(set) var isDead = false
    /// The next sync fails.
    var failsNextSync = false
    /// No file can be made or grow.
    var isFull = false
    /// Reads of this file fail until the machine restarts.
    var unreadable: String?

    package init(seed: UInt64) { random = RandomSource(seed: seed) }

    // MARK: Disk

    package func list(_ directory: String) throws(DiskError) -> [String] {
        let prefix = directory.isEmpty ? "" : directory + "/"
        var found: Set<String> = []
        for path in directories.union(names.keys)
        where path.hasPrefix(prefix) && path.utf8.count > prefix.utf8.count {
            found.insert(String(path.dropFirst(prefix.count).prefix { $0 != "/" }))
        }
        return found.sorted()
    }

    package func size(_ path: String) throws(DiskError) -> Int? { names[path]?.bytes.count }

    package func read(_ path: String, at offset: Int, count: Int) throws(DiskError) -> [UInt8] {
        guard let file = names[path], path != unreadable else { throw Self.error("read", path, 5) }
        return file.read(at: offset, count: count)
    }

    package func create(_ path: String) throws(DiskError) {
        guard names[path] == nil else { return }
        let isCut = try begin("create", path, needsRoom: true)
        link(path, SimFile(zeros: 0))
        if isCut { throw Self.error("create", path, 5) }
    }

    package func write(
        _ path: String,
        at offset: Int,
        _ bytes: UnsafeRawBufferPointer
    ) throws(DiskError) {
        let grows = offset + bytes.count > names[path]?.bytes.count ?? 0
        let isCut = try begin("write", path, needsRoom: grows)
        guard let file = names[path] else { throw Self.error("write", path, 2) }
        lastWritten[path.prefix { $0 != "/" }] = path
        let count = isCut ? random.place(bytes.count + 1) : bytes.count
        file.write(UnsafeRawBufferPointer(rebasing: bytes[..<count]), at: offset)
        if isCut { throw Self.error("write", path, 5) }
    }

    package func createZeroed(_ path: String, size: Int) throws(DiskError) {
        let isCut = try begin("create", path, needsRoom: true)
        link(path, SimFile(zeros: isCut ? size / 2 : size))
        if isCut { throw Self.error("create", path, 5) }
    }

    package func truncate(_ path: String, to size: Int) throws(DiskError) {
        try change("truncate", path) { names[path]?.truncate(to: size) }
    }

    package func sync(_ path: String) throws(DiskError) {
        if failsNextSync, let file = names[path] {
            failsNextSync = false
            file.failSync()
            throw Self.error("sync", path, 5)
        }
        syncs += 1
        try change("sync", path) { names[path]?.sync() }
    }

    package func syncDirectory(_ path: String) throws(DiskError) {
        try change("sync directory", path) {
            pending.removeAll { change in
                let parent = change.path.lastIndex(of: "/").map { change.path[..<$0] } ?? ""
                guard parent == path else { return false }
                Self.apply(change, to: &durableNames)
                return true
            }
        }
    }

    package func rename(_ path: String, to other: String) throws(DiskError) {
        try change("rename", path) {
            names[other] = names.removeValue(forKey: path)
            pending.append(.rename(path, to: other))
        }
    }

    package func remove(_ path: String) throws(DiskError) {
        try change("remove", path) {
            names[path] = nil
            pending.append(.unlink(path))
        }
    }

    package func makeDirectory(_ path: String) throws(DiskError) {
        try change("make", path) { directories.insert(path) }
    }

    package func removeDirectory(_ path: String) throws(DiskError) {
        try change("remove", path) {
            if !names.keys.contains(where: { $0.hasPrefix(path + "/") }) {
                directories.remove(path)
            }
        }
    }

    package func syncAll() throws(DiskError) {
        try change("sync", "") {
            for file in names.values { file.sync() }
            durableNames = names
            pending = []
        }
    }

    // MARK: Parts

    /// Counts a call that changes something.
    ///
    /// - Returns: whether the process dies in the middle of it.
    private func begin(
        _ what: String,
        _ path: String,
        needsRoom: Bool = false
    ) throws(DiskError) -> Bool {
        guard !isDead else { throw Self.error(what, path, 5) }
        guard !isFull || !needsRoom else { throw Self.error(what, path, 28) }
        operations += 1
        guard operations == crashAt else { return false }
        isDead = true
        return true
    }

    private func change(_ what: String, _ path: String, _ body: () -> Void) throws(DiskError) {
        guard try !begin(what, path) else { throw Self.error(what, path, 5) }
        body()
    }

    private func link(_ path: String, _ file: SimFile) {
        names[path] = file
        pending.append(.link(path, file))
    }

    private static func apply(_ change: NameChange, to names: inout [String: SimFile]) {
        switch change {
        case .link(let path, let file): names[path] = file
        case .unlink(let path): names[path] = nil
        case .rename(let path, let other):
            if let file = names.removeValue(forKey: path) { names[other] = file }
        }
    }

    private static func error(_ what: String, _ path: String, _ code: Int32) -> DiskError {
        let reason = code == 28 ? "no space left on the simulated disk" : "a simulated fault"
        return DiskError(operation: what, path: path, code: code, reason: reason)
    }

    // MARK: Accidents

    /// Lets the process die within one of the next calls.
    func crash(within calls: Int) { crashAt = operations + 1 + random.place(calls) }

    /// The process ends because of an error: nothing that it had begun goes on.
    func die() { isDead = true }

    /// The process is gone; what it wrote is in the page cache, and still not durable.
    func processEnded() {
        crashAt = nil
        isDead = false
        failsNextSync = false
        unreadable = nil
    }

    /// The power is gone: of what was not synced, any of it may be lost.
    ///
    /// Names change as a journal does it, in order, or at times in any order; a rename is atomic.
    func cutPower() {
        let isOrdered = random.chance(perMille: 700)
        let kept = random.place(pending.count + 1)
        for (place, change) in pending.enumerated() {
            let isKept = isOrdered ? place < kept : random.chance(perMille: 500)
            if isKept { Self.apply(change, to: &durableNames) }
        }
        pending = []
        names = durableNames
        for path in names.keys.sorted() { names[path]?.cutPower(&random) }
        processEnded()
    }

    /// The paths of all files, sorted.
    var paths: [String] { names.keys.sorted() }

    func file(_ path: String) -> SimFile? { names[path] }

    /// Takes a file away, name and all.
    func lose(_ path: String) {
        names[path] = nil
        durableNames[path] = nil
        pending.removeAll { $0.path == path }
    }

    /// A new and empty disk in the place of this one.
    func wipe() {
        names = [:]
        durableNames = [:]
        pending = []
        directories = [""]
        processEnded()
    }
}
