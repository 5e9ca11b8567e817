import Foundation
import Glibc

/// The system's own commands, for faults that only root can make.
enum Tool {
    /// Fails, with what to do, unless this process is root.
    static func requireRoot(for purpose: String) throws {
        guard geteuid() == 0 else { throw NotRoot(purpose: purpose) }
    }

    /// Runs a command of the system to its end, which must be a success.
    @discardableResult
    static func run(_ arguments: [String], input: String = "") throws -> String {
        let path = "PATH=/usr/sbin:/usr/bin:/sbin:/bin"
        let command = try Command.run(["/usr/bin/env", path] + arguments, input: input)
        guard command.isSuccess else {
            let text = (command.output + command.errors).trimmingCharacters(in: .newlines)
            throw ToolFailed(command: arguments.joined(separator: " "), text: text)
        }
        return command.output
    }
}

struct NotRoot: Error, CustomStringConvertible {
    let purpose: String
    var description: String {
        "\(purpose) need root, and a test is never skipped: run ./dev as root, or with sudo -E"
    }
}

struct ToolFailed: Error, CustomStringConvertible {
    let command: String
    let text: String
    var description: String { "\(command): \(text)" }
}
