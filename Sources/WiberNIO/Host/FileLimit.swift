import Glibc

/// How many files and connections the system lets this process have.
public enum FileLimit {
    /// Asks for as many as are allowed, and returns how many the process may have now.
    ///
    /// Shells commonly start programs with 1,024, though many more are theirs for the asking.
    public static func raise() -> Int {
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0 else { return 1_024 }
        var raised = limit
        raised.rlim_cur = min(limit.rlim_max, rlim_t(ShardHost.connectionsMax + reserve))
        if raised.rlim_cur > limit.rlim_cur, setrlimit(resource, &raised) == 0 { limit = raised }
        return Int(clamping: limit.rlim_cur)
    }

    /// How many clients may be connected when so many files may be open: the log must never be
    /// refused a file because of them.
    public static func connections(ofFiles files: Int) -> Int {
        min(ShardHost.connectionsMax, max(16, files - reserve))
    }

    /// For data files, other nodes, HTTP and the log.
    static let reserve = 768
}
