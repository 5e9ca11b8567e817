import ArgumentParser
import WiberServer

/// The command `wiber restore`.
struct RestoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Bring topics of a backup back, here or in another cluster.",
        discussion: """
            Each topic is made with its saved configuration, and gets all messages with the
            sequences, times, subjects, headers and ids that they had. A topic that there is
            already is left alone. Until it is whole, a topic takes no publish and nothing leaves
            it; if the command is interrupted, give it again, and it goes on.

            A subject belongs to one topic: beside the topic that was backed up, give other
            subjects or none.

            Examples:
              wiber restore backup-monday
              wiber restore backup-monday --topic orders --as orders-old --no-subjects
              wiber restore backup-monday --topic orders --replicas 1
              gunzip < backup.wbk.gz | wiber restore -
            """
    )
    @Argument(help: "The backup: a folder, or - for standard input.") var source: String
    @Option(help: "Only this topic.") var topic: Word?
    @Option(name: .customLong("as"), help: "Another name for it.") var name: Word?
    @Option(help: "A subject in place of the saved ones; may be repeated.")
    var subject: [String] = []
    @Flag(help: "Let it capture no subject.") var noSubjects = false
    @Option(help: "How many nodes hold it, in place of the saved number.") var replicas: Int?
    @OptionGroup var client: ClientOptions

    func validate() throws {
        guard topic != nil || name == nil && subject.isEmpty && !noSubjects else {
            throw ValidationError("--as, --subject and --no-subjects need --topic")
        }
        guard subject.isEmpty || !noSubjects else {
            throw ValidationError("give --subject or --no-subjects, not both")
        }
    }

    func run() throws {
        try client.guarded {
            let backup = BackupSource(source)
            var changes = RestoreRun.Changes()
            changes.topic = topic?.text
            changes.name = name?.text
            changes.subjects = noSubjects ? [] : subject.isEmpty ? nil : subject
            changes.replicas = replicas
            if backup.isFolder {
                // Nothing is begun with a backup that is damaged.
                var report = BackupReport(doing: "checking")
                try backup.forEachBlock(of: changes.topic) { item, _ in report.show(item) }
            }
            var report = BackupReport(doing: "restoring")
            var run = RestoreRun(servers: client.server, changes: changes) { report.show($0) }
            let restored = try run.run(backup)
            for topic in run.before {
                Terminal.complain("\(topic) was restored from this backup before")
            }
            let summary = report.summary("restored", restored, to: nil)
            switch client.output {
            case .text: Terminal.say(summary.text)
            case .json: Terminal.printJSON(summary.fields)
            }
        }
    }
}
