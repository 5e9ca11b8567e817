import Foundation

/// How long and how strict a run is: short in `./dev check`, long in `./dev soak`.
enum Settings {
    /// Kills in the loop under load.
    static let kills = number("WIBER_KILLS") ?? 6
    /// Moves of a topic under load, with kills.
    static let moves = number("WIBER_MOVES") ?? 6
    /// Power cuts of the whole cluster, and as many of one node with pauses around it.
    static let powerCuts = number("WIBER_POWER_CUTS") ?? 3
    /// Partitions of each kind of network.
    static let partitions = number("WIBER_PARTITIONS") ?? 3
    /// Rounds of pauses.
    static let pauses = number("WIBER_PAUSES") ?? 3
    /// Faults of system calls, of one node alone and of one of three each.
    static let callFaults = number("WIBER_CALL_FAULTS") ?? 7
    /// Scripts whose answers are compared with nats-server's, of known and of fresh seeds each.
    static let differentialScripts = number("WIBER_DIFFERENTIAL") ?? 2_000
    /// Where to keep the logs and data of a cluster in which something was wrong.
    static let evidence = ProcessInfo.processInfo.environment["WIBER_EVIDENCE"]
    /// Timed failovers of each kind.
    static let failovers = number("WIBER_FAILOVERS") ?? 3
    /// Whether the timing limits of a quiet machine are checks.
    static let isStrict = number("WIBER_STRICT") == 1
    /// Whether the benchmarks run at full size.
    static let isBench = number("WIBER_BENCH") == 1

    /// The release binary: what `WIBER_BINARY` names, else what `./dev` builds.
    static func binary() throws -> String {
        let path =
            ProcessInfo.processInfo.environment["WIBER_BINARY"]
            ?? projectRoot.appending(path: ".build/release/wiber").path
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw BinaryMissing(path: path)
        }
        return path
    }

    static let projectRoot = URL(filePath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    private static func number(_ name: String) -> Int? {
        ProcessInfo.processInfo.environment[name].flatMap { Int($0) }
    }
}

struct BinaryMissing: Error, CustomStringConvertible {
    let path: String
    var description: String {
        "no release binary at \(path): run ./dev check, or build it and set WIBER_BINARY"
    }
}
