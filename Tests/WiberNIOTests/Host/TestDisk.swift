import Synchronization
import WiberLog
import WiberNIO

/// A directory on the real disk whose writes and syncs can be made to fail.
final class TestDisk: Disk {
    private let disk: PosixDisk
    private let failure = Mutex<Int32?>(nil)

    init(root: String) { disk = PosixDisk(root: root) }

    /// From now on writes fail with this error; with `nil` they work again.
    func fail(with code: Int32?) { failure.withLock { $0 = code } }

    private func check(_ operation: String, _ path: String) throws(DiskError) {
        guard let code = failure.withLock({ $0 }) else { return }
        throw DiskError(operation: operation, path: path, code: code, reason: "test")
    }

    func list(_ directory: String) throws(DiskError) -> [String] { try disk.list(directory) }
    func size(_ path: String) throws(DiskError) -> Int? { try disk.size(path) }
    func read(_ path: String, at offset: Int, count: Int) throws(DiskError) -> [UInt8] {
        try disk.read(path, at: offset, count: count)
    }
    func create(_ path: String) throws(DiskError) {
        try check("create", path)
        try disk.create(path)
    }
    func write(
        _ path: String,
        at offset: Int,
        _ bytes: UnsafeRawBufferPointer
    ) throws(DiskError) {
        try check("write", path)
        try disk.write(path, at: offset, bytes)
    }
    func createZeroed(_ path: String, size: Int) throws(DiskError) {
        try check("create", path)
        try disk.createZeroed(path, size: size)
    }
    func truncate(_ path: String, to size: Int) throws(DiskError) {
        try disk.truncate(path, to: size)
    }
    func sync(_ path: String) throws(DiskError) { try disk.sync(path) }
    func syncDirectory(_ path: String) throws(DiskError) { try disk.syncDirectory(path) }
    func rename(_ path: String, to other: String) throws(DiskError) {
        try disk.rename(path, to: other)
    }
    func remove(_ path: String) throws(DiskError) { try disk.remove(path) }
    func makeDirectory(_ path: String) throws(DiskError) { try disk.makeDirectory(path) }
    func removeDirectory(_ path: String) throws(DiskError) { try disk.removeDirectory(path) }
    func syncAll() throws(DiskError) { try disk.syncAll() }
}
