import Foundation

/// A text file of the project.
struct TextFile: CustomStringConvertible {
    /// Relative to the project's root.
    let path: String
    let text: String

    var description: String { path }
    var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }
    /// The number of lines, as `wc -l` counts.
    var lineCount: Int { text.utf8.count { $0 == UInt8(ascii: "\n") } }
    var name: String { path.split(separator: "/").last.map(String.init) ?? path }
}

/// The project's files as they are on disk: what git ignores is left out.
enum Project {
    static let root = URL(filePath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    private static let textEndings: Set<String> = [
        "c", "editorconfig", "h", "json", "md", "swift", "trace", "yaml", "yml", "",
    ]

    /// The files under `folder` ("" is everything) whose names end in one of `endings`.
    static func files(under folder: String = "", endings: Set<String>) throws -> [TextFile] {
        try paths(under: folder).filter { endings.contains(ending(of: $0)) }.map {
            let text = try String(contentsOf: root.appending(path: $0), encoding: .utf8)
            return TextFile(path: $0, text: text)
        }
    }

    static func swiftFiles(under folder: String = "") throws -> [TextFile] {
        try files(under: folder, endings: ["swift"])
    }

    static func markdownFiles() throws -> [TextFile] {
        try files(endings: ["md"])
    }

    static func textFiles() throws -> [TextFile] {
        try files(endings: textEndings)
    }

    static func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: root.appending(path: path).path)
    }

    /// The names of the folders in `folder`, sorted.
    static func folders(in folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: root.appending(path: folder).path)
            .filter { isFolder("\(folder)/\($0)") }
            .sorted()
    }

    private static func paths(under folder: String) throws -> [String] {
        let start = folder.isEmpty ? root : root.appending(path: folder)
        guard exists(folder) else { throw MissingFolder(path: folder) }
        var paths: [String] = []
        let names = try FileManager.default.contentsOfDirectory(atPath: start.path).sorted()
        for name in names where !isIgnored(name) {
            let path = folder.isEmpty ? name : "\(folder)/\(name)"
            if isFolder(path) {
                paths += try self.paths(under: path)
            } else {
                paths.append(path)
            }
        }
        return paths
    }

    private static func isIgnored(_ name: String) -> Bool {
        let names = [".git", ".venv", "wiber-data", "Package.resolved"]
        return name.hasPrefix(".build") || names.contains(name) || name.hasSuffix(".log")
    }

    private static func isFolder(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        let url = root.appending(path: path)
        return FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder)
            && isFolder.boolValue
    }

    private static func ending(of path: String) -> String {
        let name = path.split(separator: "/").last ?? ""
        guard let dot = name.lastIndex(of: ".") else { return "" }
        return String(name[name.index(after: dot)...])
    }
}

struct MissingFolder: Error {
    let path: String
}
