import ArgumentParser
import Foundation
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
                Exits with 1 and lists what is damaged, if anything is. Changes nothing.

                Examples:
                  wiber data check wiber-data/n1
                  wiber data check wiber-data/n1 --output json
                """
        )
        @Argument(help: "A node's directory, or one that holds several.") var directory: String
        @Option(help: "text or json") var output: OutputFormat = .text

        func run() throws {
            var damage: [[String: Any]] = []
            var checked = 0
            for path in try directories() {
                let report = try LogCheck.run(PosixDisk(root: path))
                checked += 1
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
                Terminal.say(
                    damage.isEmpty
                        ? "\(checked) director\(checked == 1 ? "y" : "ies") checked: no damage"
                        : "\(damage.count) damaged; the node refuses to start with this"
                )
            case .json: Terminal.printJSON(["directories": checked, "damaged": damage])
            }
            if !damage.isEmpty { throw ExitCode(1) }
        }

        private func directories() throws -> [String] {
            let manager = FileManager.default
            if manager.fileExists(atPath: directory + "/super") { return [directory] }
            let names = (try? manager.contentsOfDirectory(atPath: directory)) ?? []
            let nodes = names.sorted().map { directory + "/" + $0 }
                .filter { manager.fileExists(atPath: $0 + "/super") }
            guard !nodes.isEmpty else {
                throw ValidationError("\(directory) is no data directory: name DATA/<node>")
            }
            return nodes
        }
    }
}
