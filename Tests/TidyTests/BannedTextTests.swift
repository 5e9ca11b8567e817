import Testing

/// Text that may not stand in the code of some folder.
struct Ban {
    let text: String
    var folders = ["Sources", "Tests"]
    /// The files that have a reason.
    var except: Set<String> = []
    let instead: String
}

@Suite("Tidy: banned text")
struct BannedTextTests {
    static let bans = [
        Ban(text: "try!", instead: "try, and say what failed"),
        Ban(text: "as!", instead: "as?, or a type that cannot be wrong"),
        Ban(text: "Task.sleep", folders: ["Tests"], instead: "an event with a deadline"),
        Ban(text: "Thread.sleep", folders: ["Tests"], instead: "an event with a deadline"),
        Ban(
            text: "usleep(",
            folders: ["Tests"],
            except: ["Deadline.swift"],
            instead: "the deadline helper"
        ),
        Ban(text: ".disabled(", folders: ["Tests"], instead: "a test that runs"),
        Ban(text: ".enabled(if", folders: ["Tests"], instead: "a test that runs"),
        Ban(text: "withKnownIssue", folders: ["Tests"], instead: "a fix"),
    ]

    @Test func `code is free of banned text`() throws {
        for folder in ["Sources", "Tests"] {
            let bans = Self.bans.filter { $0.folders.contains(folder) }
            for file in try Project.swiftFiles(under: folder) {
                for (place, line) in SwiftCode(file.text).lines.enumerated() {
                    for ban in bans
                    where !ban.except.contains(file.name) && Self.contains(line, ban.text) {
                        Issue.record(
                            "\(file):\(place + 1): \(ban.text) is banned; use \(ban.instead)"
                        )
                    }
                }
            }
        }
    }

    @Test func `a mark for later names its issue`() throws {
        let mark = "TO" + "DO"
        for file in try Project.textFiles() {
            for (place, line) in file.lines.enumerated() {
                for word in ["FIX" + "ME", "XX" + "X:"] where line.contains(word) {
                    Issue.record("\(file):\(place + 1): \(word) is banned; open an issue")
                }
                if line.contains(mark + ":") || line.contains(mark + " ") {
                    Issue.record("\(file):\(place + 1): write \(mark)(#number), or open an issue")
                }
            }
        }
    }

    @Test func `what the compiler cannot check says why it is safe`() throws {
        let files = try Project.swiftFiles(under: "Sources") + Project.swiftFiles(under: "Tests")
        for file in files {
            let lines = file.lines
            for (place, line) in SwiftCode(file.text).lines.enumerated()
            where line.contains("@unchecked Sendable") || line.contains("nonisolated(unsafe)") {
                let above = lines[max(0, place - 8)...place]
                #expect(
                    above.contains { $0.contains("SAFETY:") },
                    "\(file):\(place + 1): needs a // SAFETY: line that says who guarantees what"
                )
            }
        }
    }

    @Test func `no file names a path of one machine`() throws {
        let paths = ["wo" + "rk", "ro" + "ot", "ho" + "me", "opt/sw" + "ift"].map { "/\($0)/" }
        for file in try Project.textFiles() {
            for (place, line) in file.lines.enumerated() {
                for path in paths where Self.isAbsolute(path, in: line) {
                    Issue.record("\(file):\(place + 1): \(path) exists on one machine only")
                }
            }
        }
    }

    @Test func `text files end with one newline and have no trailing blanks or tabs`() throws {
        for file in try Project.textFiles() where file.name != "LICENSE" && !file.text.isEmpty {
            #expect(file.text.hasSuffix("\n"), "\(file): ends without a newline")
            #expect(!file.text.hasSuffix("\n\n"), "\(file): ends with an empty line")
            #expect(!file.text.utf8.contains(UInt8(ascii: "\r")), "\(file): has carriage returns")
            for (place, line) in file.lines.enumerated() where line.hasSuffix(" ") {
                Issue.record("\(file):\(place + 1): trailing blanks")
            }
        }
    }

    /// Whether `text` stands in `line`, not as the end of a longer word.
    private static func contains(_ line: Substring, _ text: String) -> Bool {
        guard let found = line.firstRange(of: text) else { return false }
        guard let first = text.utf8.first, SwiftCode.isWord(first) else { return true }
        guard found.lowerBound > line.startIndex else { return true }
        let before = line[line.index(before: found.lowerBound)]
        return !(before.isLetter || before.isNumber || before == "_")
    }

    /// Whether `path` begins a path in `line`: `a/b/` is not absolute.
    private static func isAbsolute(_ path: String, in line: Substring) -> Bool {
        guard let found = line.firstRange(of: path) else { return false }
        guard found.lowerBound > line.startIndex else { return true }
        let before = line[line.index(before: found.lowerBound)]
        return !(before.isLetter || before.isNumber || "._-/)}".contains(before))
    }
}
