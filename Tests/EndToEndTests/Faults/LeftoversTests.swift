import Foundation
import Testing

extension EndToEnd {
    @Suite("What a killed test run leaves")
    struct LeftoversTests {
        @Test func `what a run that is no more has left is removed, and nothing else`() throws {
            let temporary = FileManager.default.temporaryDirectory
            let ended = try ChildProcess(
                ["/usr/bin/true"],
                folder: temporary,
                output: URL(filePath: "/dev/null"),
                errors: URL(filePath: "/dev/null")
            )
            _ = try ended.wait(within: .seconds(5))
            let own = Leftovers.newFolder()
            let dead = temporary.appending(path: "wiber-run-\(ended.pid)-0badcafe")
            let volume = try Volume("n1", in: dead, megabytes: 16)
            let network = "wiber-run-\(ended.pid)-0badcafe-n1"
            defer {
                volume.close()
                _ = try? FileManager.default.removeItem(at: own)
                _ = try? FileManager.default.removeItem(at: dead)
            }
            try FileManager.default.createDirectory(at: own, withIntermediateDirectories: true)
            try Tool.run(["ip", "netns", "add", network])
            Leftovers.remove()
            #expect(FileManager.default.fileExists(atPath: own.path))
            #expect(!FileManager.default.fileExists(atPath: dead.path))
            #expect(!FileManager.default.fileExists(atPath: "/run/netns/\(network)"))
            let mounts = try String(contentsOfFile: "/proc/self/mounts", encoding: .utf8)
            #expect(!mounts.contains(dead.path))
        }
    }
}
