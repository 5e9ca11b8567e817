import Foundation
import Glibc

/// One node: a process that the tests start, kill and start again.
final class Node {
    let id: String
    let port: Int
    let rpcPort: Int
    let httpPort: Int
    private let folder: URL
    private let configuration: URL
    private(set) var process: ChildProcess?

    init(id: String, ports: [Int], folder: URL, configuration: URL) {
        self.id = id
        port = ports[0]
        rpcPort = ports[1]
        httpPort = ports[2]
        self.folder = folder
        self.configuration = configuration
    }

    var data: URL { folder.appending(path: "data/\(id)") }
    var isRunning: Bool { process?.isRunning ?? false }
    private var errors: URL { folder.appending(path: "\(id).stderr") }

    /// What the process said on standard error since the cluster was made.
    var log: String { (try? String(contentsOf: errors, encoding: .utf8)) ?? "" }

    /// The end of the log, for failure messages.
    var logTail: String { log.split(separator: "\n").suffix(15).joined(separator: "\n") }

    func start() throws {
        process = try ChildProcess(
            [
                try Settings.binary(), "serve", "--config", configuration.path, "--node", id,
                "--data", folder.appending(path: "data").path,
            ],
            folder: folder,
            output: folder.appending(path: "\(id).stdout"),
            errors: errors
        )
    }

    func startAndWait(within limit: Duration = .seconds(20)) throws {
        try start()
        try waitUntilReady(within: limit)
    }

    /// Waits for `/healthz`; a process that ends is not waited for.
    func waitUntilReady(within limit: Duration = .seconds(20)) throws {
        let exit: ChildProcess.Exit? = try obtain("\(id) ready", within: limit) {
            if let exit = process?.poll() { return .some(exit) }
            let response = try HTTP.get("/healthz", port: httpPort)
            guard response.status == 200 else {
                throw UnexpectedReply(request: "/healthz", reply: response.text)
            }
            return .some(nil)
        }
        if let exit { throw NodeEnded(id: id, exit: exit, log: logTail) }
    }

    /// `kill -9`, and waits until the process is gone.
    func kill() throws {
        try process?.end(SIGKILL)
    }

    /// SIGTERM, and waits until the process is gone.
    @discardableResult
    func terminate() throws -> ChildProcess.Exit? {
        try process?.end(SIGTERM)
    }

    func client() throws -> LineClient {
        try obtain("a connection to \(id)") { try LineClient(port: port) }
    }

    func topic(_ name: String) throws -> TopicReport {
        try HTTP.json(TopicReport.self, "/api/topics/\(name)", port: httpPort)
    }
}

/// A node ended although nobody asked it to.
struct NodeEnded: Error, CustomStringConvertible {
    let id: String
    let exit: ChildProcess.Exit
    let log: String
    var description: String { "\(id) ended with \(exit):\n\(log)" }
}
