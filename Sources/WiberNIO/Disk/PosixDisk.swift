import CWiber
import Glibc
import Synchronization
public import WiberLog

/// An open file; closes with its last user.
private final class OpenFile: Sendable {
    let descriptor: Int32
    init(_ descriptor: Int32) { self.descriptor = descriptor }
    deinit { close(descriptor) }
}

/// A data directory of a real file system.
///
/// Thread-safe: log, flush and read threads share one. Keeps at most ``openFilesMax`` files open.
public final class PosixDisk: Disk {
    /// The most files that stay open between calls.
    public static let openFilesMax = 128

    private struct Cache {
        var files: [String: (file: OpenFile, used: UInt64)] = [:]
        var clock: UInt64 = 0
    }

    /// The data directory.
    public let root: String
    private let cache = Mutex(Cache())

    /// Opens files below `root`, which exists.
    public init(root: String) { self.root = root }

    /// How many bytes of the file system are free for this process, and how many it has; `nil` if it
    /// does not say.
    public func space() -> (free: UInt64, size: UInt64)? {
        var status = statvfs()
        guard statvfs(root, &status) == 0 else { return nil }
        let (free, isFreeTooMuch) = UInt64(status.f_bavail).multipliedReportingOverflow(
            by: UInt64(status.f_frsize)
        )
        let (size, isSizeTooMuch) = UInt64(status.f_blocks).multipliedReportingOverflow(
            by: UInt64(status.f_frsize)
        )
        return isFreeTooMuch || isSizeTooMuch ? nil : (free, size)
    }

    /// The names in a directory.
    public func list(_ directory: String) throws(DiskError) -> [String] {
        guard let stream = opendir(absolute(directory)) else {
            if errno == ENOENT { return [] }
            throw failure("list", directory)
        }
        defer { closedir(stream) }
        var names: [String] = []
        errno = 0
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
            errno = 0
        }
        guard errno == 0 else { throw failure("list", directory) }
        return names
    }

    /// A file's size.
    public func size(_ path: String) throws(DiskError) -> Int? {
        var status = stat()
        guard stat(absolute(path), &status) == 0 else {
            if errno == ENOENT { return nil }
            throw failure("look at", path)
        }
        return Int(status.st_size)
    }

    /// Reads with `pread`, again after a short read or EINTR.
    public func read(_ path: String, at offset: Int, count: Int) throws(DiskError) -> [UInt8] {
        let file = try openToRead(path)
        var code: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            while initialized < count {
                let result = pread(
                    file.descriptor,
                    buffer.baseAddress.map { $0 + initialized },
                    count - initialized,
                    off_t(offset + initialized)
                )
                if result > 0 {
                    initialized += result
                } else if result == 0 {
                    break
                } else if errno != EINTR {
                    code = errno
                    break
                }
            }
        }
        guard code == 0 else { throw failure("read", path, code) }
        return bytes
    }

    /// Opens with `O_CREAT`.
    public func create(_ path: String) throws(DiskError) {
        _ = try open(path, flags: O_RDWR | O_CREAT)
    }

    /// Writes with `pwrite`, again after a short write or EINTR.
    public func write(
        _ path: String,
        at offset: Int,
        _ bytes: UnsafeRawBufferPointer
    ) throws(DiskError) {
        let file = try open(path, flags: O_RDWR)
        var written = 0
        while written < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[written...])
            let result = pwrite(
                file.descriptor,
                rest.baseAddress,
                rest.count,
                off_t(offset + written)
            )
            if result > 0 {
                written += result
            } else if result == 0 || errno != EINTR {
                throw failure("write", path, result == 0 ? EIO : errno)
            }
        }
    }

    /// Writes zeros: fallocate would cost a journal commit at each flush (rule 8).
    public func createZeroed(_ path: String, size: Int) throws(DiskError) {
        forget(path)
        let file = try open(path, flags: O_RDWR | O_CREAT | O_TRUNC)
        let zeros = [UInt8](repeating: 0, count: min(size, 1 << 20))
        var offset = 0
        while offset < size {
            let count = min(zeros.count, size - offset)
            try write(path, at: offset, Array(zeros[..<count]))
            offset += count
        }
        try check(fsync(file.descriptor), "create", path)
    }

    /// Makes a file end early.
    public func truncate(_ path: String, to size: Int) throws(DiskError) {
        let file = try open(path, flags: O_RDWR)
        try check(ftruncate(file.descriptor, off_t(size)), "truncate", path)
    }

    /// Calls fdatasync, which includes a changed size.
    public func sync(_ path: String) throws(DiskError) {
        let file = try open(path, flags: O_RDWR)
        try check(fdatasync(file.descriptor), "sync", path)
    }

    /// Calls fsync on a directory.
    public func syncDirectory(_ path: String) throws(DiskError) {
        let descriptor = Glibc.open(absolute(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("open", path) }
        defer { close(descriptor) }
        try check(fsync(descriptor), "sync", path)
    }

    /// Replaces a name.
    public func rename(_ path: String, to other: String) throws(DiskError) {
        forget(path)
        forget(other)
        try check(Glibc.rename(absolute(path), absolute(other)), "rename", path)
    }

    /// Removes a file.
    public func remove(_ path: String) throws(DiskError) {
        forget(path)
        try check(unlink(absolute(path)), "remove", path)
    }

    /// Makes a directory unless it is there.
    public func makeDirectory(_ path: String) throws(DiskError) {
        guard mkdir(absolute(path), 0o755) != 0, errno != EEXIST else { return }
        throw failure("make", path)
    }

    /// Removes a directory if it is there and empty.
    public func removeDirectory(_ path: String) throws(DiskError) {
        guard rmdir(absolute(path)) != 0, errno != ENOENT, errno != ENOTEMPTY, errno != EEXIST
        else { return }
        throw failure("remove", path)
    }

    /// Calls syncfs.
    public func syncAll() throws(DiskError) {
        let descriptor = Glibc.open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("open", "") }
        defer { close(descriptor) }
        try check(wiber_syncfs(descriptor), "sync", "")
    }

    // MARK: Open files

    private func open(_ path: String, flags: Int32) throws(DiskError) -> OpenFile {
        if let file = cached(path) { return file }
        var descriptor = Glibc.open(absolute(path), flags | O_CLOEXEC, 0o644)
        while descriptor < 0, errno == EINTR {
            descriptor = Glibc.open(absolute(path), flags | O_CLOEXEC, 0o644)
        }
        guard descriptor >= 0 else { throw failure("open", path) }
        let file = OpenFile(descriptor)
        cache.withLock { cache in
            cache.clock += 1
            cache.files[path] = (file, cache.clock)
            guard cache.files.count > Self.openFilesMax,
                let oldest = cache.files.min(by: { $0.value.used < $1.value.used })
            else { return }
            cache.files[oldest.key] = nil
        }
        return file
    }

    /// A directory that may only be read can still be checked.
    private func openToRead(_ path: String) throws(DiskError) -> OpenFile {
        do throws(DiskError) {
            return try open(path, flags: O_RDWR)
        } catch {
            guard error.code == EACCES || error.code == EROFS else { throw error }
            let descriptor = Glibc.open(absolute(path), O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { throw failure("open", path) }
            return OpenFile(descriptor)
        }
    }

    private func cached(_ path: String) -> OpenFile? {
        cache.withLock { cache in
            guard let found = cache.files[path] else { return nil }
            cache.clock += 1
            cache.files[path] = (found.file, cache.clock)
            return found.file
        }
    }

    private func forget(_ path: String) {
        cache.withLock { cache in cache.files[path] = nil }
    }

    // MARK: Errors

    private func absolute(_ path: String) -> String { path.isEmpty ? root : root + "/" + path }

    private func check(_ result: Int32, _ what: String, _ path: String) throws(DiskError) {
        guard result == 0 else { throw failure(what, path) }
    }

    private func failure(_ what: String, _ path: String, _ code: Int32 = errno) -> DiskError {
        DiskError(
            operation: what,
            path: path.isEmpty ? root : path,
            code: code,
            reason: String(cString: strerror(code))
        )
    }
}
