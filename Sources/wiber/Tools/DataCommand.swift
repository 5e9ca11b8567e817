import ArgumentParser
import CWiber
import Foundation
import Glibc
import WiberLog
import WiberNIO

/// The command `wiber data`.
struct DataCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "data",
        abstract: "Look at data directories.",
        subcommands: [Check.self]
    )

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Verify every checksum of a stopped node's directory.",
            discussion: """
                Exits with 1 and lists what is damaged, if anything is. Changes nothing. A \
                directory that a running node has is not checked.

                Examples:
                  wiber data check wiber-data/n1
                  wiber data check wiber-data --output json
                """
        )
        @Argument(help: "A node's directory, or one that holds several.") var directory: String
        @Option(help: "text or json") var output: OutputFormat = .text

        func run() throws {
            var damage: [[String: Any]] = []
            var notes: [String] = []
            var entries = 0
            var files = 0
            let paths = try directories()
            for path in paths {
                let report = try check(path)
                entries += report.entries
                files += report.files
                notes += report.notes.map { "\(path): \($0)" }
                for found in report.damages {
                    damage.append([
                        "path": path + "/" + found.path, "offset": found.offset ?? -1,
                        "what": found.what,
                    ])
                    if output == .text { Terminal.say("\(path)/\(found)") }
                }
            }
            switch output {
            case .text:
                for note in notes { Terminal.say("\(note) (no damage: the next start mends it)") }
                let what = paths.count == 1 ? "1 directory" : "\(paths.count) directories"
                Terminal.say(
                    damage.isEmpty
                        ? "\(what) checked, \(files) files, \(entries) entries: no damage"
                        : "\(damage.count) damaged; the node refuses to start with this"
                )
            case .json:
                Terminal.printJSON([
                    "directories": paths.count, "files": files, "entries": entries,
                    "damaged": damage, "notes": notes,
                ])
            }
            if !damage.isEmpty { throw ExitCode(1) }
        }

        /// Checks one directory while no node can have it.
        private func check(_ path: String) throws -> LogCheck.Report {
            let lock = open(path + "/lock", O_RDONLY | O_CLOEXEC)
            defer { if lock >= 0 { close(lock) } }
            if lock >= 0, wiber_lock(lock) != 0 {
                let process = DataDirectory.processID(in: path).map { ", process \($0)," } ?? ""
                throw failure("a running node\(process) has \(path): stop it first")
            }
            do {
                return try LogCheck.run(PosixDisk(root: path))
            } catch {
                throw failure("\(error)")
            }
        }

        private func directories() throws -> [String] {
            let manager = FileManager.default
            if manager.fileExists(atPath: directory + "/super") { return [directory] }
            let names = (try? manager.contentsOfDirectory(atPath: directory)) ?? []
            let nodes = names.sorted().map { directory + "/" + $0 }
                .filter { manager.fileExists(atPath: $0 + "/super") }
            guard !nodes.isEmpty else {
                throw failure("\(directory) is no data directory: name DATA/<node>")
            }
            return nodes
        }

        private func failure(_ text: String) -> ExitCode {
            switch output {
            case .text: Terminal.complain("wiber: \(text)")
            case .json: Terminal.printJSON(["error": text])
            }
            return ExitCode(1)
        }
    }
}
