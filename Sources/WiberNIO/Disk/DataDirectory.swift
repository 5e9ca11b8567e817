import CWiber
import Glibc
public import WiberLog

/// Why a data directory cannot be used at all.
public enum DataDirectoryError: Error, Sendable, CustomStringConvertible {
    /// Another process has it.
    case inUse(path: String, processID: Int?)
    /// A system call failed.
    case disk(DiskError)

    /// What is wrong, and what to do.
    public var description: String {
        switch self {
        case .inUse(let path, let processID):
            "the data directory \(path) is in use"
                + (processID.map { " by process \($0)" } ?? "")
                + ": stop that one first, or give this one another with --data"
        case .disk(let error): "\(error)"
        }
    }
}

/// A node's directory: its lock for life, and the file with its process id (rule 9).
public final class DataDirectory: Sendable {
    /// The directory.
    public let path: String
    private let lock: Int32

    /// Makes the directory with its parents if it is missing, locks it, and writes `wiber.pid`.
    ///
    /// - Throws: ``DataDirectoryError``.
    public init(path: String) throws(DataDirectoryError) {
        self.path = path
        try Self.makeAll(path)
        let descriptor = open(path + "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Self.failure("open", path + "/lock") }
        guard wiber_lock(descriptor) == 0 else {
            let code = errno
            close(descriptor)
            guard code == EWOULDBLOCK else { throw Self.failure("lock", path + "/lock", code) }
            throw .inUse(path: path, processID: Self.processID(in: path))
        }
        lock = descriptor
        do throws(DiskError) {
            let disk = PosixDisk(root: path)
            let text = Array("\(getpid())\n".utf8)
            try disk.create("wiber.pid.new")
            try disk.write("wiber.pid.new", at: 0, text)
            try disk.truncate("wiber.pid.new", to: text.count)
            try disk.rename("wiber.pid.new", to: "wiber.pid")
        } catch {
            throw .disk(error)
        }
    }

    deinit { close(lock) }

    /// Removes `wiber.pid`: the last act of an orderly stop.
    public func removeProcessID() { unlink(path + "/wiber.pid") }

    /// The process that says it uses a directory, if one does.
    public static func processID(in path: String) -> Int? {
        guard let bytes = try? PosixDisk(root: path).read("wiber.pid", at: 0, count: 32) else {
            return nil
        }
        return Int(String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
    }

    private static func makeAll(_ path: String) throws(DataDirectoryError) {
        var end = path.startIndex
        while end < path.endIndex {
            end = path[path.index(after: end)...].firstIndex(of: "/") ?? path.endIndex
            let part = String(path[..<end])
            if mkdir(part, 0o755) == 0 {
                try syncParent(of: part)
            } else if errno != EEXIST, errno != EISDIR {
                throw failure("make", part)
            }
        }
    }

    /// Makes the name of a new directory durable.
    private static func syncParent(of path: String) throws(DataDirectoryError) {
        let parent = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        let descriptor = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("open", parent) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure("sync", parent) }
    }

    private static func failure(
        _ what: String,
        _ path: String,
        _ code: Int32 = errno
    ) -> DataDirectoryError {
        .disk(
            DiskError(
                operation: what,
                path: path,
                code: code,
                reason: String(cString: strerror(code))
            )
        )
    }
}
