import ArgumentParser
import Foundation
import WiberServer

extension ClusterCommand {
    struct Balance: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let every node lead about as many topics as the others.",
            discussion: """
                After failures and restarts some nodes lead more than others; a cluster does not
                change that by itself. Each change of a leader costs some milliseconds, as
                `wiber cluster transfer` does. No data moves.

                Examples:
                  wiber cluster balance
                """
        )
        @OptionGroup var client: ClientOptions

        func run() throws {
            try client.post("/api/cluster/balance", [:], saying: "leaders are spread evenly")
        }
    }
}
