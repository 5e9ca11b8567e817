import ArgumentParser
import WiberServer

/// The measurements over NATS.
extension BenchCommand {
    struct Publish: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "pub",
            abstract: "Publish as fast as the server reads, without acknowledgements."
        )
        @OptionGroup var options: BenchOptions

        func run() throws {
            try options.measure("published") { try Bench.publish($0, progress: $1) }
        }
    }

    struct Subscribe: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "sub",
            abstract: "Receive what others publish: so many messages for each client."
        )
        @OptionGroup var options: BenchOptions

        func run() throws {
            let goal = options.messages * options.clients
            try options.measure("received", goal: goal) { try Bench.subscribe($0, progress: $1) }
        }
    }

    struct PublishAndSubscribe: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "pubsub",
            abstract: "Publish to subscribers of its own, each of which gets every message."
        )
        @OptionGroup var options: BenchOptions
        @Option(help: "How many connections receive.") var subscribers = 1

        func validate() throws {
            guard (1...1_000).contains(subscribers) else {
                throw ValidationError("--subscribers 1 to 1000")
            }
        }

        func run() throws {
            try options.measure("received", goal: options.messages * subscribers) {
                try Bench.publishAndSubscribe($0, subscribers: subscribers, progress: $1)
            }
        }
    }

    struct Request: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "request",
            abstract: "Send requests one after the other, and measure the time to each answer."
        )
        @OptionGroup var options: BenchOptions
        @Option(help: "How many connections of its own answer; 0: others do.") var services = 1

        func validate() throws {
            guard (0...1_000).contains(services) else {
                throw ValidationError("--services 0 to 1000")
            }
        }

        func run() throws {
            try options.measure("answered") {
                try Bench.request($0, services: services, progress: $1)
            }
        }
    }

    struct Service: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "service",
            abstract: "Answer the requests of `wiber bench request --services 0`."
        )
        @OptionGroup var options: BenchOptions

        func run() throws {
            try options.measure("answered") { try Bench.serve($0, progress: $1) }
        }
    }

    struct Topic: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "topic",
            abstract: "Publish to a topic or a stream, and wait until each message is stored.",
            discussion: """
                Latency is the time from sending a message to its acknowledgement, which a node \
                of Wiber gives once a majority has it on disk.
                """
        )
        @OptionGroup var options: BenchOptions
        @Option(help: "How many may wait for their acknowledgement; 1: one after the other.")
        var window = 1_000

        func validate() throws {
            guard (1...65_536).contains(window) else {
                throw ValidationError("--window 1 to 65536")
            }
        }

        func run() throws {
            try options.measure("stored") { try Bench.store($0, window: window, progress: $1) }
        }
    }
}
