import ArgumentParser
import WiberServer

/// How a command shows its result.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case text
    case json
}

/// What every client command takes.
struct ClientOptions: ParsableArguments {
    @Option(help: "The server, or several with commas between, tried in turn.")
    var server = "nats://127.0.0.1:4222"
    @Option(help: "text or json") var output: OutputFormat = .text

    /// Runs a command; a failure is one line, or one object, and exit code 1.
    func guarded(_ body: () throws -> Void) throws {
        do {
            try body()
        } catch let error as ClientError {
            switch output {
            case .text: Terminal.complain("wiber: \(error)")
            case .json: Terminal.printJSON(["error": "\(error)"])
            }
            throw ExitCode(1)
        }
    }
}
