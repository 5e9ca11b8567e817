import Synchronization
import WiberBase
import WiberLog

/// A disk in memory that knows three accidents as three different things: the process dies and the
/// page cache stays; a sync fails, the pages look clean and the disk has the old bytes; the power
/// is cut, and of what was not synced any blocks may be there or not.
final class MemoryDisk: Disk {
    /// What happens at an operation.
    enum Fault {
        /// The process dies within it.
        case crash
        /// A sync fails and its pages are marked clean (Rebello 2020).
        case failedSync
    }

    private struct Node {
        var cache: [UInt8] = []
        var durable: [UInt8] = []
        /// Blocks that the cache has and the disk may not have.
        var dirty: Set<Int> = []
    }

    private struct State {
        var nodes: [Node] = []
        var names: [String: Int] = [:]
        var durableNames: [String: Int] = [:]
        var directories: Set<String> = [""]
        var operations = 0
        var syncs = 0
        var writes = 0
        var directorySyncs = 0
        var faultAt: Int?
        var fault = Fault.crash
        var isDead = false
        /// The operation that finds no room for more than a part of its bytes.
        var fullAt: Int?
        /// No file can be made.
        var isFull = false
        var random = RandomSource(seed: 1)
    }

    static let block = 512
    private let state: Mutex<State>

    init() { state = Mutex(State()) }
    private init(_ state: sending State) { self.state = Mutex(state) }

    // MARK: What tests ask and do

    var operations: Int { state.withLock { $0.operations } }
    var syncs: Int { state.withLock { $0.syncs } }
    var writes: Int { state.withLock { $0.writes } }
    var directorySyncs: Int { state.withLock { $0.directorySyncs } }
    var paths: [String] { state.withLock { $0.names.keys.sorted() } }

    /// Lets operation number `operation`, from 1, go wrong; later ones fail.
    func fail(at operation: Int, _ fault: Fault, seed: UInt64) {
        state.withLock {
            $0.faultAt = operation
            $0.fault = fault
            $0.random = RandomSource(seed: seed)
        }
    }

    /// Lets operation number `operation` from now, from 1, find the disk full; later ones do not.
    func fillUp(at operation: Int) {
        state.withLock { $0.fullAt = $0.operations + operation }
    }

    /// Lets no file be made from now on, or again.
    func setFull(_ isFull: Bool) { state.withLock { $0.isFull = isFull } }

    func bytes(_ path: String) -> [UInt8] {
        state.withLock { state in state.names[path].map { state.nodes[$0].cache } ?? [] }
    }

    func set(_ path: String, _ bytes: [UInt8]) {
        state.withLock { state in
            guard let node = state.names[path] else { return }
            state.nodes[node].cache = bytes
            state.nodes[node].durable = bytes
        }
    }

    /// The disk after the process has died: the page cache is all there, and still not durable.
    func afterProcessCrash() -> MemoryDisk {
        MemoryDisk(
            state.withLock { state in
                var next = State()
                next.nodes = state.nodes
                next.names = state.names
                next.durableNames = state.durableNames
                next.directories = state.directories
                return next
            }
        )
    }

    /// The disk after a power cut: each block and each name that was not synced may be lost.
    func afterPowerCut(seed: UInt64) -> MemoryDisk {
        MemoryDisk(
            state.withLock { state in
                var random = RandomSource(seed: seed)
                var next = State()
                next.directories = state.directories
                next.nodes = state.nodes.map { Self.cut($0, &random) }
                let names = Set(state.names.keys).union(state.durableNames.keys)
                for name in names.sorted() {
                    let node =
                        Bool.random(using: &random) ? state.names[name] : state.durableNames[name]
                    next.names[name] = node
                    next.durableNames[name] = node
                }
                return next
            }
        )
    }

    private static func cut(_ node: Node, _ random: inout RandomSource) -> Node {
        var bytes = node.durable
        let keep = UInt64.random(in: 0...4, using: &random)
        for block in node.dirty.sorted() where UInt64.random(in: 0..<4, using: &random) < keep {
            let start = block * Self.block
            let end = min(start + Self.block, node.cache.count)
            guard start < end else { continue }
            if bytes.count < end {
                bytes.append(contentsOf: repeatElement(0, count: end - bytes.count))
            }
            bytes.replaceSubrange(start..<end, with: node.cache[start..<end])
        }
        return Node(cache: bytes, durable: bytes)
    }

    // MARK: Disk

    func list(_ directory: String) throws(DiskError) -> [String] {
        state.withLock { state in
            let prefix = directory.isEmpty ? "" : directory + "/"
            var names: Set<String> = []
            for path in state.directories.union(state.names.keys)
            where path.hasPrefix(prefix) && path.count > prefix.count {
                names.insert(String(path.dropFirst(prefix.count).prefix { $0 != "/" }))
            }
            return Array(names)
        }
    }

    func size(_ path: String) throws(DiskError) -> Int? {
        state.withLock { state in state.names[path].map { state.nodes[$0].cache.count } }
    }

    func read(_ path: String, at offset: Int, count: Int) throws(DiskError) -> [UInt8] {
        let bytes: [UInt8]? = state.withLock { state in
            guard let node = state.names[path] else { return nil }
            let cache = state.nodes[node].cache
            return Array(cache[min(offset, cache.count)..<min(offset + count, cache.count)])
        }
        guard let bytes else { throw Self.failure("read", path) }
        return bytes
    }

    func create(_ path: String) throws(DiskError) {
        try step("create", path) { state, _ in
            guard state.names[path] == nil else { return }
            state.nodes.append(Node())
            state.names[path] = state.nodes.count - 1
        }
    }

    func write(_ path: String, at offset: Int, _ bytes: UnsafeRawBufferPointer) throws(DiskError) {
        let copy = Array(bytes)
        guard try size(path) != nil else { throw Self.failure("write", path) }
        try step("write", path) { state, isCut in
            state.writes += 1
            guard let node = state.names[path] else { return }
            let count =
                isCut ? Int.random(in: 0...copy.count, using: &state.random) : copy.count
            Self.put(&state.nodes[node], copy[..<count], at: offset)
        }
    }

    func createZeroed(_ path: String, size: Int) throws(DiskError) {
        try step("create", path) { state, isCut in
            state.nodes.append(Node())
            let node = state.nodes.count - 1
            state.names[path] = node
            let zeros = [UInt8](repeating: 0, count: isCut ? size / 2 : size)
            Self.put(&state.nodes[node], zeros[...], at: 0)
            if !isCut { Self.flush(&state.nodes[node]) }
        }
    }

    func truncate(_ path: String, to size: Int) throws(DiskError) {
        try step("truncate", path) { state, isCut in
            guard !isCut, let node = state.names[path] else { return }
            let bytes = state.nodes[node].cache
            state.nodes[node].cache = Array(bytes.prefix(size))
            // A journalled change: durable at once, or later; tests look at both in other runs.
            if Bool.random(using: &state.random) {
                state.nodes[node].durable = Array(state.nodes[node].durable.prefix(size))
            }
        }
    }

    func sync(_ path: String) throws(DiskError) {
        try step("sync", path) { state, isCut in
            state.syncs += 1
            guard !isCut, let node = state.names[path] else { return }
            Self.flush(&state.nodes[node])
        }
    }

    func syncDirectory(_ path: String) throws(DiskError) {
        try step("sync directory", path) { state, isCut in
            guard !isCut else { return }
            state.directorySyncs += 1
            Self.syncNames(&state, path)
        }
    }

    func rename(_ path: String, to other: String) throws(DiskError) {
        try step("rename", path) { state, isCut in
            guard !isCut else { return }
            state.names[other] = state.names.removeValue(forKey: path)
        }
    }

    func remove(_ path: String) throws(DiskError) {
        try step("remove", path) { state, isCut in
            if !isCut { state.names[path] = nil }
        }
    }

    func makeDirectory(_ path: String) throws(DiskError) {
        try step("make", path) { state, isCut in
            if !isCut { state.directories.insert(path) }
        }
    }

    func removeDirectory(_ path: String) throws(DiskError) {
        try step("remove", path) { state, isCut in
            guard !isCut, !state.names.keys.contains(where: { $0.hasPrefix(path + "/") }) else {
                return
            }
            state.directories.remove(path)
        }
    }

    func syncAll() throws(DiskError) {
        try step("sync", "") { state, isCut in
            guard !isCut else { return }
            for node in state.nodes.indices { Self.flush(&state.nodes[node]) }
            state.durableNames = state.names
        }
    }

    // MARK: Parts

    /// Counts an operation and lets it go wrong if it is the one that shall.
    private func step(
        _ what: String,
        _ path: String,
        _ body: (inout State, Bool) -> Void
    ) throws(DiskError) {
        let isFull = state.withLock { state -> Bool in
            let isHit = state.operations + 1 == state.fullAt && what != "sync"
            guard isHit || state.isFull && what == "create" else { return false }
            state.operations += 1
            body(&state, true)
            return true
        }
        if isFull { throw DiskError(operation: what, path: path, code: 28, reason: "full") }
        let isFailed = state.withLock { state -> Bool in
            guard !state.isDead else { return true }
            state.operations += 1
            let isHit = state.operations == state.faultAt
            guard isHit else {
                body(&state, false)
                return false
            }
            state.isDead = true
            switch state.fault {
            case .crash: body(&state, true)
            case .failedSync:
                guard what == "sync", let node = state.names[path] else { break }
                state.nodes[node].dirty = []
            }
            return true
        }
        if isFailed { throw Self.failure(what, path) }
    }

    private static func failure(_ what: String, _ path: String) -> DiskError {
        DiskError(operation: what, path: path, code: 5, reason: "a test's fault")
    }

    private static func put(_ node: inout Node, _ bytes: ArraySlice<UInt8>, at offset: Int) {
        guard !bytes.isEmpty else { return }
        let end = offset + bytes.count
        if node.cache.count < end {
            node.cache.append(contentsOf: repeatElement(0, count: end - node.cache.count))
        }
        node.cache.replaceSubrange(offset..<end, with: bytes)
        node.dirty.formUnion(offset / block...(end - 1) / block)
    }

    private static func flush(_ node: inout Node) {
        if node.durable.count > node.cache.count { node.durable = node.cache }
        if node.durable.count < node.cache.count {
            let missing = node.cache.count - node.durable.count
            node.durable.append(contentsOf: repeatElement(0, count: missing))
        }
        for block in node.dirty {
            let start = block * Self.block
            let end = min(start + Self.block, node.cache.count)
            guard start < end else { continue }
            node.durable.replaceSubrange(start..<end, with: node.cache[start..<end])
        }
        node.dirty = []
    }

    private static func syncNames(_ state: inout State, _ directory: String) {
        func isIn(_ path: String) -> Bool {
            let parent = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
            return parent == directory
        }
        for name in state.durableNames.keys.filter(isIn) where state.names[name] == nil {
            state.durableNames[name] = nil
        }
        for (name, node) in state.names where isIn(name) { state.durableNames[name] = node }
    }
}
