import Foundation
import Glibc

/// What a test run that was killed may have left: processes, mounts, namespaces and folders.
///
/// Their names have the process id of the run that made them. The first cluster of a run removes
/// those of runs that are no more, and nothing else.
enum Leftovers {
    private static let prefix = "wiber-run-"

    /// A name for something of this run that no other run has.
    static func newName() -> String {
        "\(prefix)\(getpid())-\(UUID().uuidString.prefix(8).lowercased())"
    }

    /// The path of a folder that is not there yet.
    static func newFolder() -> URL {
        removeAll()
        return temporary.appending(path: newName())
    }

    /// As ``remove()``, but only the first call of a run does something.
    static func removeAll() { removeOnce }

    private static let temporary = FileManager.default.temporaryDirectory
    private static let removeOnce: Void = remove()

    /// Removes what runs that are no more have left.
    static func remove() {
        killProcesses()
        let mounts = (try? String(contentsOfFile: "/proc/self/mounts", encoding: .utf8)) ?? ""
        for line in mounts.split(separator: "\n") where isDead(line) {
            let words = line.split(separator: " ")
            if words.count > 1 { _ = try? Tool.run(["umount", "-l", String(words[1])]) }
        }
        for name in names(in: "/run/netns") where isDead(name[...]) {
            _ = try? Tool.run(["ip", "netns", "delete", name])
        }
        for name in names(in: temporary.path) where isDead(name[...]) {
            _ = try? FileManager.default.removeItem(at: temporary.appending(path: name))
        }
    }

    /// Ends the nodes and tracers of runs that are no more: their command line names the folder.
    private static func killProcesses() {
        for name in names(in: "/proc") {
            guard let pid = pid_t(name), pid != getpid(),
                let data = FileManager.default.contents(atPath: "/proc/\(name)/cmdline")
            else { continue }
            let line = String(decoding: data, as: UTF8.self)
            if line.contains("\0serve\0--config\0"), isDead(line[...]) { kill(pid, SIGKILL) }
        }
    }

    private static func names(in folder: String) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    }

    /// Whether `text` has a name of a run whose process is gone.
    private static func isDead(_ text: Substring) -> Bool {
        guard let start = text.firstRange(of: prefix)?.upperBound else { return false }
        guard let pid = pid_t(text[start...].prefix { $0.isNumber }) else { return false }
        return kill(pid, 0) != 0 && errno == ESRCH
    }
}
