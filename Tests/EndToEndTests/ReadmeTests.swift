import Foundation
import Testing

extension EndToEnd {
    @Suite("README")
    struct ReadmeTests {
        /// Commands that build or test the project; what they run is run here and elsewhere.
        private static let builders: Set<String> = ["./dev up", "./dev check"]

        /// Runs the `sh` blocks of README.md line by line, in the folder in which `./dev up` keeps
        /// its data, with the example's ports replaced by free ones.
        @Test func `the commands of README work as printed`() throws {
            let text = try read("README.md")
            var blocks = Self.shellBlocks(of: text)
            let commands = blocks.flatMap { $0 }
            #expect(commands.contains("./dev up"))
            #expect(commands.contains("./dev check"))
            let (cluster, ports) = try startAsDevUpDoes()
            defer { _ = try? cluster.process.end(SIGINT) }
            blocks = blocks.map { $0.filter { !Self.builders.contains($0) } }
            for var line in blocks.flatMap({ $0 }) {
                for (old, new) in ports { line = line.replacing(old, with: new) }
                let binary = URL(filePath: try Settings.binary()).deletingLastPathComponent().path
                let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
                let command = try Command.run(
                    ["/bin/bash", "-euo", "pipefail", "-c", line],
                    folder: cluster.folder,
                    environment: ["PATH": "\(binary):\(path)"],
                    within: .seconds(30)
                )
                #expect(command.isSuccess, "\(line)\n\(command.output)\(command.errors)")
            }
        }

        @Test func `the example configuration is good`() throws {
            let example = Settings.projectRoot.appending(path: "examples/cluster.yaml").path
            let command = try Command.wiber(["config", "check", example])
            #expect(command.isSuccess, "\(command.output)\(command.errors)")
        }

        @Test func `dev names every command and refuses what it does not have`() throws {
            let dev = Settings.projectRoot.appending(path: "dev").path
            let help = try Command.run([dev, "help"])
            #expect(help.isSuccess)
            for name in ["up", "check", "fix", "sim", "soak", "bench", "fuzz", "help"] {
                #expect(help.output.contains("./dev \(name)"))
            }
            let command = try Command.run([dev, "nonsense"])
            #expect(!command.isSuccess)
            #expect(command.errors.contains("nonsense"))
        }

        private struct RunningCluster {
            let process: ChildProcess
            let folder: URL
        }

        /// `./dev up` without the build: the example's configuration on free ports.
        private func startAsDevUpDoes() throws -> (RunningCluster, [(old: String, new: String)]) {
            let folder = FileManager.default.temporaryDirectory
                .appending(path: "wiber-readme-\(UUID().uuidString.prefix(8))")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            let free = try FreePorts.take(9)
            var yaml = try read("examples/cluster.yaml")
            var ports: [(old: String, new: String)] = []
            for (place, port) in [9101, 9102, 9103].enumerated() {
                let own = free[place * 3..<place * 3 + 3].map { "\($0)" }
                yaml = yaml.replacing(
                    "port: \(port) }",
                    with: "port: \(own[0]), rpc_port: \(own[1]), http_port: \(own[2]) }"
                )
                ports.append(("127.0.0.1:\(port)", "127.0.0.1:\(own[0])"))
            }
            let configuration = folder.appending(path: "cluster.yaml")
            try Data(yaml.utf8).write(to: configuration)
            let process = try ChildProcess(
                [
                    try Settings.binary(), "cluster", "up", "--config", configuration.path,
                    "--data", "wiber-data",
                ],
                folder: folder,
                output: folder.appending(path: "up.out"),
                errors: folder.appending(path: "up.err")
            )
            for place in 0..<3 {
                let port = try #require(Int(free[place * 3 + 2].description))
                try eventually("node \(place + 1) ready", within: .seconds(30)) {
                    try HTTP.get("/healthz", port: port).status == 200
                }
            }
            return (RunningCluster(process: process, folder: folder), ports)
        }

        private func read(_ path: String) throws -> String {
            try String(contentsOf: Settings.projectRoot.appending(path: path), encoding: .utf8)
        }

        /// The lines of each block that is marked `sh`.
        private static func shellBlocks(of text: String) -> [[String]] {
            var blocks: [[String]] = []
            var isShell = false
            for line in text.split(separator: "\n") {
                if line.hasPrefix("```") {
                    isShell = line == "```sh"
                    if isShell { blocks.append([]) }
                } else if isShell {
                    blocks[blocks.count - 1].append(String(line))
                }
            }
            return blocks
        }
    }
}
