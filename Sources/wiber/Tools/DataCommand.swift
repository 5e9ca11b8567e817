import ArgumentParser
import Foundation
import WiberLog

/// The command `wiber data`.
struct DataCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "data",
        abstract: "Look at data directories, and repair what can be repaired alone.",
        subcommands: [Check.self, Repair.self]
    )

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Verify every checksum of a stopped node's directory.",
            discussion: """
                Exits with 1 and lists what is damaged, if anything is, each with what helps: \
                the next start alone, the other replicas, or nothing here. Changes nothing. A \
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
            let paths = try DataDirectories.find(directory, output)
            for path in paths {
                let report = try DataDirectories.use(path, output) { try LogCheck.run($0) }
                entries += report.entries
                files += report.files
                notes += report.notes.map { "\(path): \($0)" }
                for found in report.findings {
                    damage.append(DataDirectories.json(found, in: path))
                    if output == .text {
                        Terminal.say("\(path)/\(found.damage): \(found.remedy.text)")
                    }
                }
            }
            switch output {
            case .text:
                for note in notes { Terminal.say("\(note) (no damage: the next start mends it)") }
                let what = paths.count == 1 ? "1 directory" : "\(paths.count) directories"
                Terminal.say(
                    damage.isEmpty
                        ? "\(what) checked, \(files) files, \(entries) entries: no damage"
                        : "\(damage.count) damaged"
                )
            case .json:
                Terminal.printJSON([
                    "directories": paths.count, "files": files, "entries": entries,
                    "damaged": damage, "notes": notes,
                ])
            }
            if !damage.isEmpty { throw ExitCode(1) }
        }
    }
}
