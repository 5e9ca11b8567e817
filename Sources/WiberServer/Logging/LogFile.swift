import Glibc

/// A log file that is rotated by size: `NAME` is the newest, `NAME.1` the one before it.
///
/// At most ``filesMax`` files of about ``fileSizeMax`` bytes are kept.
struct LogFile: ~Copyable {
    /// The size at which a file is closed, in bytes.
    static let fileSizeMax = 16 << 20
    /// The files that are kept, the newest included.
    static let filesMax = 4

    private let path: String
    private let sizeMax: Int
    private var descriptor: Int32
    private var size: Int

    /// Opens the file to append, or makes it.
    ///
    /// - Throws: ``LogFileError``
    init(path: String, sizeMax: Int = LogFile.fileSizeMax) throws(LogFileError) {
        self.path = path
        self.sizeMax = sizeMax
        descriptor = Self.open(path)
        guard descriptor >= 0 else {
            throw LogFileError(path: path, reason: String(cString: strerror(errno)))
        }
        size = max(0, Int(lseek(descriptor, 0, SEEK_END)))
    }

    deinit { Glibc.close(descriptor) }

    private static func open(_ path: String) -> Int32 {
        Glibc.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    }

    /// Appends whole lines.
    mutating func write(_ bytes: [UInt8]) {
        writeAll(bytes, to: descriptor)
        size += bytes.count
        if size >= sizeMax { rotate() }
    }

    private mutating func rotate() {
        for number in stride(from: Self.filesMax - 1, to: 0, by: -1) {
            rename(number == 1 ? path : "\(path).\(number - 1)", "\(path).\(number)")
        }
        let next = Self.open(path)
        guard next >= 0 else { return }  // The old file goes on, under its new name.
        Glibc.close(descriptor)
        descriptor = next
        size = 0
    }
}

/// Why a log file cannot be opened.
struct LogFileError: Error, CustomStringConvertible {
    let path: String
    let reason: String
    var description: String {
        "cannot write the log file \(path): \(reason); check who owns the directory"
    }
}
