import ArgumentParser
import Foundation
import WiberLog

extension DataCommand {
    struct Repair: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Repair what a stopped node's directory can repair alone.",
            discussion: """
                Writes headers, footers and copies of slots again that follow from what is \
                intact; the next start would do the same. What is overwritten is kept in the \
                directory's quarantine. Then it lists what is left: what the next start fetches \
                from the other replicas, and what nothing helps against here. Exits with 1 if \
                anything of the last kind is left.

                Examples:
                  wiber data repair wiber-data/n1
                  wiber data repair wiber-data/n1 --output json
                """
        )
        @Argument(help: "A node's directory, or one that holds several.") var directory: String
        @Option(help: "text or json") var output: OutputFormat = .text

        func run() throws {
            var repaired: [String] = []
            var remaining: [[String: Any]] = []
            var isHopeless = false
            for path in try DataDirectories.find(directory, output) {
                let report = try DataDirectories.use(path, output) { try LogRepair.run($0) }
                repaired += report.repaired.map { "\(path)/\($0)" }
                for found in report.remaining {
                    remaining.append(DataDirectories.json(found, in: path))
                    isHopeless = isHopeless || found.remedy == .none
                    if output == .text {
                        Terminal.say("\(path)/\(found.damage): \(found.remedy.text)")
                    }
                }
            }
            switch output {
            case .text:
                for what in repaired { Terminal.say("repaired: \(what)") }
                Terminal.say("\(repaired.count) repaired, \(remaining.count) left")
            case .json: Terminal.printJSON(["repaired": repaired, "remaining": remaining])
            }
            if isHopeless { throw ExitCode(1) }
        }
    }
}
