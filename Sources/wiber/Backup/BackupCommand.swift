import ArgumentParser
import Foundation
import Glibc
import WiberBackup
import WiberServer

/// The command `wiber backup`.
struct BackupCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Back topics up while they are used, or check a backup.",
        discussion: """
            Each topic is saved as it is at one moment: its configuration and every message with
            its sequence, time, subject, headers and id. Publishing goes on. The folder is new, or
            empty; a backup that was interrupted has no contents.wbk and is never taken for a whole
            one. `wiber restore` brings topics back.

            Examples:
              wiber backup orders notifications --to backup-monday
              wiber backup --all --to backup-monday
              wiber backup --all --to - | gzip > backup.wbk.gz
              wiber backup --verify backup-monday
            """
    )
    @Argument(help: "The topics.") var topics: [Word] = []
    @Flag(help: "All topics.") var all = false
    @Option(help: "A new folder, or - for one stream on standard output.") var to: String?
    @Option(help: "Only check a backup: a folder, or - for standard input.") var verify: String?
    @OptionGroup var client: ClientOptions

    func validate() throws {
        if verify != nil {
            guard topics.isEmpty, !all, to == nil else {
                throw ValidationError("--verify goes with no topics, and without --to and --all")
            }
            return
        }
        guard to != nil else {
            throw ValidationError("say where the backup goes, with --to FOLDER or --to -")
        }
        guard all != !topics.isEmpty else {
            throw ValidationError("name the topics, or give --all, and not both")
        }
        guard Set(topics.map(\.text)).count == topics.count else {
            throw ValidationError("name each topic once")
        }
    }

    func run() throws {
        try client.guarded {
            if let verify { return try check(BackupSource(verify)) }
            try backUp(to: to ?? "-")
        }
    }

    private func backUp(to place: String) throws {
        let isStream = place == "-"
        guard !isStream || isatty(STDOUT_FILENO) == 0 else {
            throw ValidationError("standard output is a terminal; send it to a file or a command")
        }
        let line = try LineClient(servers: client.server)
        let names = all ? try BackupRun.allTopics(line) : topics.map(\.text)
        guard !names.isEmpty else { throw ClientError.refused("there are no topics to back up") }
        let target =
            isStream ? BackupTarget(stream: STDOUT_FILENO) : try BackupTarget(folder: place)
        var report = BackupReport(doing: "backing up")
        var run = BackupRun(client: line, target: target) { report.show($0) }
        let saved = try run.run(names)
        let summary = report.summary("backed up", saved, to: isStream ? nil : place)
        if isStream {
            Terminal.complain(summary.text)
        } else {
            say(summary)
        }
    }

    private func check(_ source: BackupSource) throws {
        var report = BackupReport(doing: "checking")
        var found: [(topic: String, totals: BackupTotals)] = []
        try source.forEachBlock { item, _ in
            report.show(item)
            if case .end(_, let entry) = item {
                found.append((entry.name, entry.totals))
            }
        }
        say(report.summary("whole and undamaged:", found, to: nil))
    }

    private func say(_ summary: BackupReport.Summary) {
        switch client.output {
        case .text: Terminal.say(summary.text)
        case .json: Terminal.printJSON(summary.fields)
        }
    }
}
