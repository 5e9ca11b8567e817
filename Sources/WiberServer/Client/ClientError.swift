public import WiberBackup

/// Why a server cannot be talked to.
public enum ClientError: Error, CustomStringConvertible {
    /// An address that is none.
    case badAddress(String)
    /// Nobody listens, or the way there is closed.
    case unreachable(address: String, reason: String)
    /// The connection ended.
    case closed(address: String)
    /// No answer came in time.
    case timeout(address: String, seconds: Int)
    /// The server refused a request: its whole `ERR` line, or its words.
    case refused(String)
    /// The server said something else than it should.
    case unexpected(String)
    /// A file cannot be used.
    case file(path: String, reason: String)
    /// A backup is not what it should be.
    case backup(path: String, BackupError)
    /// Something went wrong while many messages were under way.
    case partly(stored: Int, refused: Int, unknown: Int, cause: String)

    /// What is wrong, and what to do.
    public var description: String {
        switch self {
        case .badAddress(let text):
            "'\(text)' is no server address: write nats://HOST:PORT, several with commas between"
        case .unreachable(let address, let reason):
            "cannot reach \(address): \(reason); start a node with `wiber serve` or `wiber "
                + "cluster up`, or name another with --server"
        case .closed(let address): "the server \(address) closed the connection"
        case .timeout(let address, let seconds):
            "no answer from \(address) within \(seconds) s; `wiber cluster status` says which "
                + "nodes are up"
        case .refused(let line): line
        case .unexpected(let line): "the server answered '\(line.prefix(200))'"
        case .file(let path, let reason): "\(path): \(reason)"
        case .backup(let path, let error): "\(path): \(error)"
        case .partly(let stored, let refused, let unknown, let cause):
            "\(cause); \(stored) messages are stored, \(refused) were refused"
                + (unknown == 0
                    ? ""
                    : ", and what became of \(unknown) more is unknown: look with `wiber history`")
        }
    }
}
