import Synchronization
import WiberLog

/// Files that share their bytes with the shelf that they were taken from until they are changed:
/// cheap enough to open a directory a million times.
final class ShelfDisk: Disk {
    private let files: Mutex<[String: [UInt8]]>

    init(_ files: [String: [UInt8]]) { self.files = Mutex(files) }

    var all: [String: [UInt8]] { files.withLock { $0 } }

    func bytes(_ path: String) -> [UInt8]? { files.withLock { $0[path] } }

    func list(_ directory: String) throws(DiskError) -> [String] {
        let prefix = directory + "/"
        return files.withLock { files in
            files.keys.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
        }
    }

    func size(_ path: String) throws(DiskError) -> Int? { files.withLock { $0[path]?.count } }

    func read(_ path: String, at offset: Int, count: Int) throws(DiskError) -> [UInt8] {
        guard let bytes = bytes(path) else {
            throw DiskError(operation: "read", path: path, code: 2, reason: "no such file")
        }
        return Array(bytes[min(offset, bytes.count)..<min(offset + count, bytes.count)])
    }

    func create(_ path: String) throws(DiskError) {
        files.withLock { files in files[path] = files[path] ?? [] }
    }

    func write(_ path: String, at offset: Int, _ bytes: UnsafeRawBufferPointer) throws(DiskError) {
        let copy = Array(bytes)
        guard try size(path) != nil else {
            throw DiskError(operation: "write", path: path, code: 2, reason: "no such file")
        }
        files.withLock { files in
            var file = files.removeValue(forKey: path) ?? []
            let end = offset + copy.count
            if file.count < end { file += [UInt8](repeating: 0, count: end - file.count) }
            file.replaceSubrange(offset..<end, with: copy)
            files[path] = file
        }
    }

    func createZeroed(_ path: String, size: Int) throws(DiskError) {
        files.withLock { $0[path] = [UInt8](repeating: 0, count: size) }
    }

    func truncate(_ path: String, to size: Int) throws(DiskError) {
        files.withLock { files in
            if let file = files[path] { files[path] = Array(file.prefix(size)) }
        }
    }

    func rename(_ path: String, to other: String) throws(DiskError) {
        files.withLock { $0[other] = $0.removeValue(forKey: path) }
    }

    func remove(_ path: String) throws(DiskError) { files.withLock { $0[path] = nil } }

    func sync(_ path: String) throws(DiskError) {}
    func syncDirectory(_ path: String) throws(DiskError) {}
    func makeDirectory(_ path: String) throws(DiskError) {}
    func removeDirectory(_ path: String) throws(DiskError) {}
    func syncAll() throws(DiskError) {}
}
