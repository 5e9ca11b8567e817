import Foundation
import Glibc
import Testing

extension EndToEnd {
    @Suite("The power cuts of the failure tests")
    struct VolumeTests {
        @Test func `a power cut keeps what was fsynced and loses what was not`() throws {
            let folder = Leftovers.newFolder()
            let volume = try Volume("n1", in: folder, megabytes: 64)
            defer {
                volume.close()
                _ = try? FileManager.default.removeItem(at: folder)
            }
            try write("kept", to: volume.mountPoint.appending(path: "synced"), isSynced: true)
            try write("gone", to: volume.mountPoint.appending(path: "unsynced"), isSynced: false)
            try volume.cutPower()
            #expect(throws: (any Error).self) {
                try write("late", to: volume.mountPoint.appending(path: "late"), isSynced: true)
            }
            try volume.remount()
            let names = try FileManager.default.contentsOfDirectory(atPath: volume.mountPoint.path)
            #expect(Set(names) == ["lost+found", "synced"])
            let kept = try Data(contentsOf: volume.mountPoint.appending(path: "synced"))
            #expect(kept == Data("kept".utf8))
        }

        /// Syncs the file and then its folder, or neither.
        private func write(_ text: String, to file: URL, isSynced: Bool) throws {
            let descriptor = open(file.path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
            guard descriptor >= 0 else { throw SystemError(call: "open \(file.path)") }
            defer { close(descriptor) }
            let count = text.utf8.count
            guard text.withCString({ Glibc.write(descriptor, $0, count) }) == count else {
                throw SystemError(call: "write \(file.path)")
            }
            guard isSynced else { return }
            guard fsync(descriptor) == 0 else { throw SystemError(call: "fsync \(file.path)") }
            let parent = open(file.deletingLastPathComponent().path, O_RDONLY | O_CLOEXEC)
            defer { close(parent) }
            guard fsync(parent) == 0 else { throw SystemError(call: "fsync the folder") }
        }
    }
}
