import Foundation
import Glibc
import Testing

extension EndToEnd {
    @Suite("Wiber and nats-server, the same bytes to both")
    struct NATSDifferentialTests {
        /// nats-server, as `./dev` installs it, on a port of its own.
        private final class Reference {
            let port: Int
            private let process: ChildProcess

            init(in folder: URL) throws {
                let binary = Settings.projectRoot.appending(path: ".venv/bin/nats-server").path
                try #require(
                    FileManager.default.isExecutableFile(atPath: binary),
                    "no .venv with nats-server: run ./dev check, which makes it"
                )
                port = try FreePorts.take(1)[0]
                let output = folder.appending(path: "nats-server.out")
                process = try ChildProcess(
                    [binary, "-a", "127.0.0.1", "-p", "\(port)", "-l", "/dev/null"],
                    folder: folder,
                    output: output,
                    errors: output
                )
                try obtain("nats-server") { try Socket(port: port) }
            }

            deinit { _ = try? process.end(SIGKILL) }
        }

        /// Compares the answers to the scripts of `count` seeds.
        private func compare(from seed: Int, count: Int) throws {
            let cluster = try Cluster.started(nodes: 1)
            let reference = try Reference(in: cluster.folder)
            let script = Settings.projectRoot.appending(
                path: "Tests/EndToEndTests/Clients/differential.py"
            )
            let command = try Command.run(
                [
                    Settings.projectRoot.appending(path: ".venv/bin/python").path, script.path,
                    "127.0.0.1:\(cluster.nodes[0].port)", "127.0.0.1:\(reference.port)",
                    "--seed", "\(seed)", "--count", "\(count)",
                ],
                within: .seconds(300)
            )
            #expect(command.isSuccess, "\(command.output)\(command.errors)")
        }

        @Test func `they answer the scripts of known seeds alike`() throws {
            try compare(from: 1, count: Settings.differentialScripts)
        }

        @Test func `they answer the scripts of fresh seeds alike`() throws {
            // What fails says its seed: `differential.py … --seed N --count 1` runs it again.
            try compare(
                from: Int.random(in: 1_000_000..<1_000_000_000_000),
                count: Settings.differentialScripts
            )
        }
    }
}
