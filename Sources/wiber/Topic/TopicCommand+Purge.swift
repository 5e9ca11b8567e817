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
                  wiber topic purge orders --yes
                """
        )
        @Argument(help: "The topic.") var topic: Word
        @Option(help: "The first sequence that stays.") var before: UInt64?
        @Option(help: "How many of the newest stay.") var keep: UInt64?
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
            guard yes else {
                throw ValidationError("this removes \(what) for good; add --yes if you mean it")
            }
            var body: [String: Any] = [:]
            if let before { body["before"] = before }
            if let keep { body["keep"] = keep }
            try client.post("/api/topics/\(topic.inPath)/purge", body, saying: "removed \(what)")
        }
    }
}
