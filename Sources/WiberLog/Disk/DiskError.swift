/// A system call that failed.
public struct DiskError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was tried.
    public var operation: String
    /// The file or directory, relative to the data directory.
    public var path: String
    /// The system's error number.
    public var code: Int32
    /// The system's words for it.
    public var reason: String

    /// A failed call.
    public init(operation: String, path: String, code: Int32, reason: String) {
        self.operation = operation
        self.path = path
        self.code = code
        self.reason = reason
    }

    /// What failed, where, and why.
    public var description: String { "cannot \(operation) \(path): \(reason)" }

    /// Whether the disk is full (ENOSPC): the one error that does not end the process, because
    /// only the creation of a file can meet it (rule 6).
    public var isNoSpace: Bool { code == 28 }
}
