import Foundation
import Glibc

/// A child process whose output goes to files.
final class ChildProcess {
    /// How a process ended.
    enum Exit: Equatable {
        case code(Int32)
        case signal(Int32)
    }

    let pid: pid_t
    private(set) var exit: Exit?

    /// Starts `arguments`, the first of which is the program's path.
    init(
        _ arguments: [String],
        folder: URL,
        input: URL = URL(filePath: "/dev/null"),
        output: URL,
        errors: URL,
        environment: [String: String] = [:]
    ) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, input.path, O_RDONLY, 0)
        let flags = O_WRONLY | O_CREAT | O_APPEND
        posix_spawn_file_actions_addopen(&actions, 1, output.path, flags, 0o644)
        posix_spawn_file_actions_addopen(&actions, 2, errors.path, flags, 0o644)
        let all = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        // `env` changes the folder and becomes the program: the process id stays.
        let inFolder = ["/usr/bin/env", "-C", folder.path] + arguments
        var pid: pid_t = 0
        let result = Self.withCStrings(inFolder) { argv in
            Self.withCStrings(all.map { "\($0)=\($1)" }) { envp in
                posix_spawn(&pid, inFolder[0], &actions, nil, argv, envp)
            }
        }
        guard result == 0 else {
            throw SystemError(call: "posix_spawn \(arguments[0])", number: result)
        }
        self.pid = pid
    }

    deinit {
        if exit == nil { _ = try? end(SIGKILL) }
    }

    var isRunning: Bool { poll() == nil }

    func signal(_ number: Int32) {
        if poll() == nil { kill(pid, number) }
    }

    /// Sends a signal and waits for the end.
    @discardableResult
    func end(_ number: Int32, within limit: Duration = .seconds(15)) throws -> Exit {
        signal(number)
        return try wait(within: limit)
    }

    func wait(within limit: Duration) throws -> Exit {
        try obtain("the end of process \(pid)", within: limit) { poll() }
    }

    /// The exit, if there was one.
    @discardableResult
    func poll() -> Exit? {
        if let exit { return exit }
        var status: Int32 = 0
        guard waitpid(pid, &status, WNOHANG) == pid else { return nil }
        let number = status & 0x7F
        exit = number == 0 ? .code(status >> 8 & 0xFF) : .signal(number)
        return exit
    }

    private static func withCStrings<Result>(
        _ strings: [String],
        _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
    ) -> Result {
        let copies: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) } + [nil]
        defer { for copy in copies { free(copy) } }
        return body(copies)
    }
}

/// A system call that failed.
struct SystemError: Error, CustomStringConvertible {
    let call: String
    let number: Int32
    init(call: String, number: Int32 = errno) {
        self.call = call
        self.number = number
    }
    var description: String { "\(call): \(String(cString: strerror(number)))" }
}
