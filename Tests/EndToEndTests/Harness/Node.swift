import Foundation
import Glibc

/// One node: a process that the tests start, kill and start again.
final class Node {
    let id: String
    let port: Int
    let rpcPort: Int
    let httpPort: Int
    let site: Site
    /// The file system that has its data, if it is one of its own.
    let volume: Volume?
    /// A program that starts the node, as `strace` does, and becomes it.
    var launcher: [String] = []
    /// Whether it only joins a cluster that there is.
    var joins = false
    private let folder: URL
    private let configuration: URL
    private(set) var process: ChildProcess?

    init(
        id: String,
        ports: [Int],
        folder: URL,
        configuration: URL,
        site: Site = .loopback,
        volume: Volume? = nil
    ) {
        self.id = id
        self.site = site
        self.volume = volume
        port = ports[0]
        rpcPort = ports[1]
        httpPort = ports[2]
        self.folder = folder
        self.configuration = configuration
    }

    var data: URL { root.appending(path: id) }
    private var root: URL { volume?.mountPoint ?? folder.appending(path: "data") }
    var isRunning: Bool { process?.isRunning ?? false }
    private var errors: URL { folder.appending(path: "\(id).stderr") }

    /// What the process said on standard error since the cluster was made.
    var log: String { (try? String(contentsOf: errors, encoding: .utf8)) ?? "" }

    /// The end of the log, for failure messages.
    var logTail: String { log.split(separator: "\n").suffix(15).joined(separator: "\n") }

    func start() throws {
        process = try ChildProcess(
            site.launcher + launcher + [
                try Settings.binary(), "serve", "--config", configuration.path, "--node", id,
                "--data", root.path,
            ] + (joins ? ["--join"] : []),
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
            let response = try HTTP.get("/healthz", port: httpPort, at: site)
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

    /// Kills it while its file system stops, as a power cut does, and mounts what the disk has.
    func cutPower() throws {
        process?.signal(SIGKILL)
        try volume?.cutPower()
        try endPowerCut()
    }

    /// After the file system's shutdown and SIGKILL.
    func endPowerCut() throws {
        try kill()
        try volume?.remount()
    }

    /// SIGTERM, and waits until the process is gone.
    @discardableResult
    func terminate() throws -> ChildProcess.Exit? {
        try process?.end(SIGTERM)
    }

    /// Where its clients connect.
    var endpoint: Endpoint { Endpoint(site: site, port: port) }

    func client() throws -> LineClient {
        try obtain("a connection to \(id)") { try LineClient(port: port, at: site) }
    }

    func topic(_ name: String) throws -> TopicReport {
        try HTTP.json(TopicReport.self, "/api/topics/\(name)", port: httpPort, at: site)
    }
}

/// A node ended although nobody asked it to.
struct NodeEnded: Error, CustomStringConvertible {
    let id: String
    let exit: ChildProcess.Exit
    let log: String
    var description: String { "\(id) ended with \(exit):\n\(log)" }
}
