import ArgumentParser
import Foundation
import WiberServer

extension TopicCommand {
    struct Purge: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove a topic's messages, and keep the topic.",
            discussion: """
                Without --before and --keep: all of them. Nothing brings them back. Sequences go
                on where they were.

                Examples:
                  wiber topic purge orders --before 1000 --yes
                  wiber topic purge orders --keep 100 --yes
                  wiber topic purge orders --subject 'orders.eu.*' --yes
                  wiber topic purge orders --yes
                """
        )
        @Argument(help: "The topic.") var topic: Word
        @Option(help: "The first sequence that stays.") var before: UInt64?
        @Option(help: "How many of the newest stay.") var keep: UInt64?
        @Option(
            help: "Only messages of this subject, wildcards allowed; --keep counts for each one."
        )
        var subject: String?
        @Flag(help: "Do it; without this the command only says what it would do.") var yes = false
        @OptionGroup var client: ClientOptions

        func run() throws {
            guard before == nil || keep == nil else {
                throw ValidationError("give --before or --keep, not both")
            }
            let what =
                before.map { "the messages of \(topic) before \($0)" }
                ?? keep.map { "all messages of \(topic) but the newest \($0)" }
                ?? "all messages of \(topic)"
            let which = what + (subject.map { " with the subject \($0)" } ?? "")
            guard yes else {
                throw ValidationError("this removes \(which) for good; add --yes if you mean it")
            }
            var body: [String: Any] = [:]
            if let before { body["before"] = before }
            if let keep { body["keep"] = keep }
            if let subject { body["subject"] = subject }
            try client.post("/api/topics/\(topic.inPath)/purge", body, saying: "removed \(which)")
        }
    }

    struct Remove: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove one message.",
            discussion: """
                Nothing brings it back. The other messages keep their sequences.

                Its bytes stay on disk until the file is written anew, which may be never. With
                --erase every replica's disk is cleared of them: the command ends when that is
                decided and safe, and the nodes do it in the background, within seconds as a rule;
                wiber_erasures_pending at /metrics of each node is 0 when it is done. It also
                works for messages that have gone before. Backups, and blocks that a file system
                or a solid-state disk has kept, are out of its reach.

                Examples:
                  wiber topic remove orders 17 --yes
                  wiber topic remove orders 17 --erase --yes
                """
        )
        @Argument(help: "The topic.") var topic: Word
        @Argument(help: "The message's sequence.") var sequence: UInt64
        @Flag(help: "Clear its bytes from the disks of all replicas, too.") var erase = false
        @Flag(help: "Do it; without this the command only says what it would do.") var yes = false
        @OptionGroup var client: ClientOptions

        func run() throws {
            guard yes else {
                throw ValidationError(
                    "this removes message \(sequence) of \(topic) for good; add --yes if you mean it"
                )
            }
            let done = "removed message \(sequence) of \(topic)"
            try client.post(
                "/api/topics/\(topic.inPath)/messages/\(sequence)" + (erase ? "?erase=true" : ""),
                [:],
                method: "DELETE",
                saying: erase ? done + "; every replica erases it in the background" : done
            )
        }
    }
}
