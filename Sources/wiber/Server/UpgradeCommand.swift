import ArgumentParser
import WiberBase
import WiberServer

/// The command `wiber upgrade`.
struct UpgradeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "upgrade",
        abstract: "Look whether a cluster can go over to this binary.",
        subcommands: [Check.self]
    )

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say whether a running cluster's nodes can be started with this binary.",
            discussion: """
                Asks one node: all nodes must be up, none leaving, no topic moving or incomplete, and
                this binary must know the cluster's feature level and speak with its nodes. So it is
                for upgrades and downgrades alike: run it with the binary to go to, and again before
                each node. Exit code 0: nothing is in the way; 1: something is, or no node answers.

                Examples:
                  ./wiber-new upgrade check --server nats://10.0.0.1:4222
                """
        )
        @OptionGroup var client: ClientOptions

        func run() throws {
            try client.guarded {
                let line = try LineClient(servers: client.server)
                let check = try UpgradeCheck(
                    cluster: try line.get("/api/cluster"),
                    topics: try line.get("/api/topics")
                )
                show(check)
                if !check.isReady { throw ExitCode(1) }
            }
        }

        private func show(_ check: UpgradeCheck) {
            switch client.output {
            case .json:
                Terminal.printJSON([
                    "ready": check.isReady, "problems": check.problems, "notes": check.notes,
                    "version": Version.current,
                    "feature_level_min": Int(LevelRange.supported.min.rawValue),
                    "feature_level_max": Int(LevelRange.supported.max.rawValue),
                ])
            case .text:
                Terminal.say(Terminal.safe(check.summary))
                Terminal.say(
                    "this binary: wiber \(Version.current), feature levels \(LevelRange.supported),"
                        + " protocol between nodes \(WireVersions.supported)"
                )
                for problem in check.problems { Terminal.say("problem: \(Terminal.safe(problem))") }
                for note in check.notes { Terminal.say("note: \(Terminal.safe(note))") }
                Terminal.say(
                    check.isReady
                        ? "the nodes can be started with this binary, one after another"
                        : "the nodes cannot be started with this binary as it is now"
                )
            }
        }
    }
}
