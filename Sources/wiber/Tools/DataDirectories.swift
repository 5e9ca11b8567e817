import ArgumentParser
import CWiber
import Foundation
import Glibc
import WiberLog
import WiberNIO

/// The directories that a `wiber data` command is about.
enum DataDirectories {
    /// The directory itself if it is a node's, else those of nodes in it.
    static func find(_ directory: String, _ output: OutputFormat) throws -> [String] {
        let manager = FileManager.default
        if manager.fileExists(atPath: directory + "/super") { return [directory] }
        let names = (try? manager.contentsOfDirectory(atPath: directory)) ?? []
        let nodes = names.sorted().map { directory + "/" + $0 }
            .filter { manager.fileExists(atPath: $0 + "/super") }
        guard !nodes.isEmpty else {
            throw failure("\(directory) is no data directory: name DATA/<node>", output)
        }
        return nodes
    }

    /// Works on one directory while no node can have it.
    static func use<Report>(
        _ path: String,
        _ output: OutputFormat,
        _ body: (any Disk) throws -> Report
    ) throws -> Report {
        let lock = open(path + "/lock", O_RDONLY | O_CLOEXEC)
        defer { if lock >= 0 { close(lock) } }
        if lock >= 0, wiber_lock(lock) != 0 {
            let process = DataDirectory.processID(in: path).map { ", process \($0)," } ?? ""
            throw failure("a running node\(process) has \(path): stop it first", output)
        }
        do {
            return try body(PosixDisk(root: path))
        } catch {
            throw failure("\(error)", output)
        }
    }

    /// A finding as the commands print it.
    static func json(_ found: Finding, in path: String) -> [String: Any] {
        [
            "path": path + "/" + found.damage.path, "offset": found.damage.offset ?? -1,
            "what": found.damage.what, "remedy": found.remedy.rawValue,
        ]
    }

    private static func failure(_ text: String, _ output: OutputFormat) -> ExitCode {
        switch output {
        case .text: Terminal.complain("wiber: \(text)")
        case .json: Terminal.printJSON(["error": text])
        }
        return ExitCode(1)
    }
}
