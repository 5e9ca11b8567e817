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

    /// Whether a file could not be made or grow because the disk is full (ENOSPC).
    ///
    /// The one error that need not end the process (rule 6): entries go to files whose blocks are
    /// there already, so only a new file or a segment meets it. The job that failed can be run
    /// again, all of it, once there is room. A sync that fails is never of this kind.
    public var isNoSpace: Bool { code == 28 && operation != "sync" }
}
