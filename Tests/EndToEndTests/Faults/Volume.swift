import Foundation
import Glibc

/// A file system of its own, ext4 on a loop image, whose power can be cut.
///
/// ext4's shutdown ioctl stops it without another write, not even of its journal: what was not
/// fsynced is gone, as are names whose directory was not. The next mount replays the journal.
final class Volume {
    let mountPoint: URL
    private let image: URL
    private var isMounted = false

    /// Makes `volumes/<name>.img` in `folder` and mounts it at `volumes/<name>`.
    init(_ name: String, in folder: URL, megabytes: Int) throws {
        try Tool.requireRoot(for: "tests with file systems of their own")
        let volumes = folder.appending(path: "volumes")
        mountPoint = volumes.appending(path: name)
        image = volumes.appending(path: name + ".img")
        try FileManager.default.createDirectory(at: mountPoint, withIntermediateDirectories: true)
        try Tool.run(["truncate", "-s", "\(megabytes)M", image.path])
        try Tool.run(["mkfs.ext4", "-q", "-F", image.path])
        try mount()
    }

    deinit { close() }

    /// Loses everything that is not on disk; the file system answers nothing until ``remount()``.
    func cutPower() throws {
        let descriptor = open(mountPoint.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemError(call: "open \(mountPoint.path)") }
        defer { Glibc.close(descriptor) }
        let shutdown: UInt = 0x8004_587D  // FS_IOC_SHUTDOWN
        var withoutLogFlush: UInt32 = 2
        guard ioctl(descriptor, shutdown, &withoutLogFlush) == 0 else {
            throw SystemError(call: "shut down \(mountPoint.path)")
        }
    }

    /// Mounts it again, which replays the journal; no process may have a file open.
    func remount() throws {
        try Tool.run(["umount", mountPoint.path])
        try mount()
    }

    /// Unmounts it, which also frees its loop device.
    func close() {
        guard isMounted else { return }
        isMounted = false
        _ = try? Tool.run(["umount", "-l", mountPoint.path])
    }

    private func mount() throws {
        isMounted = true
        try Tool.run(["mount", "-o", "loop", image.path, mountPoint.path])
    }
}
