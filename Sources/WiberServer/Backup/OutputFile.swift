import Foundation
import Glibc

/// A file that has its name only once it is whole and on disk.
final class OutputFile {
    private let folder: String
    private let name: String
    private let temporary: String
    private let descriptor: Int32

    /// Makes the file under a temporary name, which nothing may have.
    ///
    /// - Throws: ``ClientError/file(path:reason:)``
    init(_ name: String, in folder: String, temporarySuffix: String) throws {
        self.folder = folder
        self.name = name
        temporary = folder + "/" + name + temporarySuffix
        descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.failure(temporary) }
    }

    deinit { close(descriptor) }

    func write(_ bytes: ArraySlice<UInt8>) throws {
        try Self.write(bytes, to: descriptor, path: temporary)
    }

    /// Gives the file its name: it, and then the name, are on disk.
    func finish() throws {
        guard fsync(descriptor) == 0 else { throw Self.failure(temporary) }
        let path = folder + "/" + name
        guard rename(temporary, path) == 0 else { throw Self.failure(path) }
        try Self.sync(folder: folder)
    }

    /// Writes all of the bytes.
    static func write(_ bytes: ArraySlice<UInt8>, to descriptor: Int32, path: String) throws {
        var rest = bytes
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw failure(path) }
            rest = rest.dropFirst(count)
        }
    }

    static func sync(folder: String) throws {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(folder) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure(folder) }
    }

    static func failure(_ path: String) -> ClientError {
        ClientError.file(path: path, reason: String(cString: strerror(errno)))
    }
}
