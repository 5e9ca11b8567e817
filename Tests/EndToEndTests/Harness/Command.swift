import Foundation

/// A command that runs to its end.
struct Command {
    let exit: ChildProcess.Exit
    let output: String
    let errors: String

    var isSuccess: Bool { exit == .code(0) }

    /// Runs the binary with these arguments.
    static func wiber(
        _ arguments: [String],
        input: String = "",
        within limit: Duration = .seconds(20)
    ) throws -> Command {
        try run([try Settings.binary()] + arguments, input: input, within: limit)
    }

    /// Runs a program by its path.
    static func run(
        _ arguments: [String],
        folder: URL = FileManager.default.temporaryDirectory,
        input: String = "",
        environment: [String: String] = [:],
        within limit: Duration = .seconds(20)
    ) throws -> Command {
        let name = "wiber-command-\(UUID().uuidString)"
        let inputFile = FileManager.default.temporaryDirectory.appending(path: name + ".in")
        try Data(input.utf8).write(to: inputFile)
        let output = FileManager.default.temporaryDirectory.appending(path: name + ".out")
        let errors = FileManager.default.temporaryDirectory.appending(path: name + ".err")
        defer {
            _ = try? FileManager.default.removeItem(at: inputFile)
            _ = try? FileManager.default.removeItem(at: output)
            _ = try? FileManager.default.removeItem(at: errors)
        }
        let process = try ChildProcess(
            arguments,
            folder: folder,
            input: inputFile,
            output: output,
            errors: errors,
            environment: environment
        )
        return Command(
            exit: try process.wait(within: limit),
            output: try String(contentsOf: output, encoding: .utf8),
            errors: try String(contentsOf: errors, encoding: .utf8)
        )
    }
}
