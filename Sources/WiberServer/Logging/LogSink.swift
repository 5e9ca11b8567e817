import Glibc
import Synchronization

/// Where a node's log lines go: standard error, and `console.log` in a directory.
///
/// The two do not wait for each other, and nobody waits for them.
final class LogSink: Sendable {
    private let errors = LogOutput(label: "log to standard error") {
        writeAll($0, to: STDERR_FILENO)
    }
    private let file: LogOutput

    /// Opens the file, with its directory, whose parent exists.
    ///
    /// - Throws: ``LogFileError``
    init(directory: String) throws(LogFileError) {
        if mkdir(directory, 0o755) != 0, errno != EEXIST {
            throw LogFileError(path: directory, reason: String(cString: strerror(errno)))
        }
        let opened = OpenLogFile(try LogFile(path: directory + "/console.log"))
        file = LogOutput(label: "log to console.log") { opened.write($0) }
    }

    /// The lines that were dropped because they could not be written fast enough.
    var droppedLines: UInt64 { errors.droppedLines + file.droppedLines }

    /// Writes a line to both.
    func write(_ line: String) {
        errors.add(line)
        file.add(line)
    }

    /// Writes a line to the file only: somebody else tells standard error.
    func writeToFile(_ line: String) { file.add(line) }

    /// Waits until everything so far is written, for at most a second each.
    func flush() {
        errors.flush()
        file.flush()
    }
}

/// A ``LogFile`` that two threads may hold.
private final class OpenLogFile: Sendable {
    private let file: Mutex<LogFile>
    init(_ file: consuming sending LogFile) { self.file = Mutex(file) }
    func write(_ bytes: [UInt8]) { file.withLock { $0.write(bytes) } }
}
