import ArgumentParser
import WiberBase
import WiberNode
import WiberServer

/// The command `wiber config`.
struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Look at configuration files.",
        subcommands: [Check.self]
    )

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say everything that is wrong in a configuration, with its place.",
            discussion: """
                Examples:
                  wiber config check cluster.yaml
                  wiber config check cluster.yaml --output json
                """
        )
        @Argument(help: "The YAML file.") var file: String?
        @Option(name: .long, help: "The same, as an option.") var config: String?
        @Option(help: "text or json") var output: OutputFormat = .text

        func run() throws {
            guard let path = file ?? config else {
                throw ValidationError("name a file: wiber config check cluster.yaml")
            }
            do {
                let cluster = try ClusterConfiguration.read(path)
                switch output {
                case .text:
                    for warning in cluster.warnings { Terminal.say(warning) }
                    Terminal.say(
                        "\(path) is good: \(cluster.nodes.count) nodes, \(cluster.topics.count) topics"
                    )
                case .json:
                    Terminal.printJSON([
                        "good": true, "nodes": cluster.nodes.map(\.name),
                        "topics": cluster.topics.map(\.name), "warnings": cluster.warnings,
                    ])
                }
            } catch {
                switch output {
                case .text: Terminal.complain("\(error)")
                case .json:
                    let problems = error.problems.map {
                        ["line": $0.line, "column": $0.column, "text": $0.text] as [String: Any]
                    }
                    Terminal.printJSON(["good": false, "errors": problems])
                }
                throw ExitCode(1)
            }
        }
    }
}
