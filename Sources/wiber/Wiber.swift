import ArgumentParser
import WiberServer

/// The one binary: server, client commands and tools.
@main
struct Wiber: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wiber",
        abstract: "A distributed messaging system: topics that several nodes keep with Raft.",
        discussion: """
            Examples:
              wiber cluster up                       three nodes on this machine
              wiber pub notifications "hello" --server nats://127.0.0.1:9101
              wiber history notifications --server nats://127.0.0.1:9102
              wiber shell --server nats://127.0.0.1:9101
            """,
        version: Version.current,
        subcommands: [
            Serve.self, ClusterCommand.self, ConfigCommand.self, DataCommand.self, Ping.self,
            Pub.self, Sub.self, Req.self, Reply.self, History.self, Topics.self, TopicCommand.self,
            BackupCommand.self, RestoreCommand.self, UpgradeCommand.self, Stats.self, Shell.self,
            BenchCommand.self, SimCommand.self,
        ]
    )
}
