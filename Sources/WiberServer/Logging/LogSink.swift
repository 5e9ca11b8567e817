import Foundation
import Synchronization

/// Log lines to standard error and to `console.log`, which is rotated by size.
///
/// At most ``filesMax`` files of about ``fileSizeMax`` bytes are kept.
final class LogSink: Sendable {
    /// The size at which a file is closed, in bytes.
    static let fileSizeMax = 16 << 20
    /// The files that are kept, `console.log` included.
    static let filesMax = 4

    private struct File {
        var handle: FileHandle
        var size: UInt64
    }

    private let path: String
    private let file: Mutex<File>

    /// Opens the file, with its directory.
    init(directory: String, format: LogFormat) throws {
        try FileManager.default.createDirectory(
            atPath: directory,
            withIntermediateDirectories: true
        )
        path = directory + "/console.log"
        file = Mutex(try Self.open(path))
    }

    private static func open(_ path: String) throws -> File {
        if !FileManager.default.fileExists(atPath: path) {
            _ = FileManager.default.createFile(atPath: path, contents: nil)
        }
        let handle = try FileHandle(forWritingTo: URL(filePath: path))
        return File(handle: handle, size: try handle.seekToEnd())
    }

    /// Writes a line to both.
    func write(_ line: String) {
        let data = Data((line + "\n").utf8)
        try? FileHandle.standardError.write(contentsOf: data)
        file.withLock { file in
            // A log that cannot be written must not stop the node; standard error has the line.
            try? file.handle.write(contentsOf: data)
            file.size += UInt64(data.count)
            if file.size >= UInt64(Self.fileSizeMax) { rotate(&file) }
        }
    }

    /// Writes a line that ends the process.
    func writeError(_ line: String) { write(line) }

    private func rotate(_ file: inout File) {
        let manager = FileManager.default
        for number in stride(from: Self.filesMax - 1, to: 0, by: -1) {
            let older = "\(path).\(number)"
            let newer = number == 1 ? path : "\(path).\(number - 1)"
            try? manager.removeItem(atPath: older)
            try? manager.moveItem(atPath: newer, toPath: older)
        }
        guard let next = try? Self.open(path) else { return }
        try? file.handle.close()
        file = next
    }
}
