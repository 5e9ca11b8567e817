import Foundation

/// A system call that fails, or ends the process, at its n-th time in some thread; made by strace.
enum CallFault: CaseIterable {
    /// Any kind of fsync says EIO, and writes nothing.
    case syncFails
    /// A write says EIO.
    case writeFails
    /// A write says that it wrote nothing.
    case writeIsEmpty
    /// The process is killed as it enters an fsync.
    case killedAtSync
    /// The process is killed as it enters a write.
    case killedAtWrite
    /// Each fifth write is interrupted by a signal before it began.
    case writeIsInterrupted
    /// Each second fsync takes 200 ms longer.
    case syncIsSlow

    /// How a node must end, or `nil` if it must not.
    var exit: ChildProcess.Exit? {
        switch self {
        case .syncFails, .writeFails, .writeIsEmpty: .code(1)
        case .killedAtSync, .killedAtWrite: .signal(9)
        case .writeIsInterrupted, .syncIsSlow: nil
        }
    }

    /// What starts a program with this fault at the `count`-th call, and becomes it.
    func launcher(at count: Int, trace: URL) -> [String] {
        let (calls, fault) = injection(at: count)
        // Not with --seccomp-bpf, which is quicker: it loses the injected signals.
        return [
            "/usr/bin/strace", "-D", "-f", "-q", "-ttt", "-o", trace.path,
            "-e", "trace=\(calls)", "-e", "inject=\(calls):\(fault)",
        ]
    }

    private func injection(at count: Int) -> (calls: String, fault: String) {
        let syncs = "fsync,fdatasync,syncfs"
        return switch self {
        case .syncFails: (syncs, "error=EIO:when=\(count)")
        case .writeFails: ("pwrite64", "error=EIO:when=\(count)")
        case .writeIsEmpty: ("pwrite64", "retval=0:when=\(count)")
        case .killedAtSync: (syncs, "signal=KILL:when=\(count)")
        case .killedAtWrite: ("pwrite64", "signal=KILL:when=\(count)")
        case .writeIsInterrupted: ("pwrite64", "error=EINTR:when=\(count)+5")
        case .syncIsSlow: (syncs, "delay_enter=200000:when=\(count)+2")
        }
    }

    /// How often the fault came, and the seconds from the first one to the end of the process.
    static func read(_ trace: URL) throws -> (count: Int, toEnd: Double?) {
        let lines = try String(contentsOf: trace, encoding: .utf8).split(separator: "\n")
        let faults = lines.filter { $0.contains("INJECTED") || $0.contains("DELAYED") }
        let ends = lines.filter { $0.contains("+++ exited") }
        guard let first = faults.first.flatMap(time), let last = ends.last.flatMap(time) else {
            return (faults.count, nil)
        }
        return (faults.count, last - first)
    }

    /// The seconds since 1970 at the start of a line, after the thread's number.
    private static func time(_ line: Substring) -> Double? {
        line.split(separator: " ", maxSplits: 2).dropFirst().first.flatMap { Double($0) }
    }
}
