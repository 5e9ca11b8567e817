import Testing

/// A target that decides and does no I/O, and what it may import.
struct PureTarget: CustomTestStringConvertible {
    let name: String
    let imports: Set<String>
    var testDescription: String { name }

    init(_ name: String, _ imports: Set<String>) {
        self.name = name
        self.imports = imports
    }
}

@Suite("Tidy: pure targets")
struct PureTargetTests {
    /// The arrows of ARCHITECTURE.md: they point down only.
    static let targets = [
        PureTarget("WiberBase", ["CWiber"]),
        PureTarget("WiberTime", ["WiberBase"]),
        PureTarget("WiberRaft", ["WiberBase"]),
        PureTarget("WiberLog", ["WiberBase"]),
        PureTarget("WiberSubject", ["WiberBase"]),
        PureTarget("WiberTopic", ["WiberBase", "WiberTime", "WiberSubject"]),
        PureTarget("WiberMeta", ["WiberBase"]),
        PureTarget("WiberBackup", ["WiberBase", "WiberTopic", "WiberMeta"]),
        PureTarget("WiberWire", ["WiberBase", "WiberSubject"]),
        PureTarget("WiberFuzz", ["WiberBase", "WiberSubject", "WiberWire"]),
        PureTarget(
            "WiberNode",
            [
                "WiberBase", "WiberTime", "WiberRaft", "WiberLog", "WiberSubject", "WiberTopic",
                "WiberMeta", "WiberBackup", "WiberWire",
            ]
        ),
        PureTarget(
            "WiberSim",
            [
                "WiberBase", "WiberTime", "WiberRaft", "WiberLog", "WiberSubject", "WiberTopic",
                "WiberMeta", "WiberWire", "WiberNode",
            ]
        ),
    ].filter { Project.exists("Sources/\($0.name)") }

    /// Words that bring threads, clocks, chance or output, and what to use instead.
    static let banned = [
        "async": "an event in, an effect out",
        "await": "an event in, an effect out",
        "actor": "a value that one shard owns",
        "Task": "an event in, an effect out",
        "AsyncStream": "an effect",
        "Mutex": "one owner",
        "Atomic": "one owner",
        "MainActor": "one owner",
        "ContinuousClock": "the Instant that is passed in",
        "SuspendingClock": "the Instant that is passed in",
        "SystemRandomNumberGenerator": "the RandomSource that is passed in",
        "print": "a trace effect",
    ]

    @Test(arguments: targets)
    func `a pure target imports only what its row allows`(target: PureTarget) throws {
        for file in try Project.swiftFiles(under: "Sources/\(target.name)") {
            for (line, module) in Self.imports(in: file.text)
            where !target.imports.contains(module) {
                Issue.record("\(file):\(line): \(target.name) may not import \(module)")
            }
        }
    }

    @Test(arguments: targets)
    func `a pure target has no concurrency, clock, chance or output`(target: PureTarget) throws {
        for file in try Project.swiftFiles(under: "Sources/\(target.name)") {
            for word in SwiftCode(file.text).words {
                guard let instead = Self.banned[word.text] else { continue }
                Issue.record("\(file):\(word.line): \(word.text) is banned here; use \(instead)")
            }
        }
    }

    @Test func `an import is found behind its access level and attributes`() {
        let text = """
            import A
            public import B
            @testable import C
            package import struct D.E
            // import F
            let text = "import G"
            """
        #expect(Self.imports(in: text).map(\.module) == ["A", "B", "C", "D"])
    }

    /// The modules that a file imports, each with its line.
    static func imports(in text: String) -> [(line: Int, module: String)] {
        let kinds: Set<Substring> = ["class", "enum", "func", "let", "protocol", "struct", "var"]
        var imports: [(line: Int, module: String)] = []
        for (place, line) in SwiftCode(text).lines.enumerated() {
            let words = line.split(separator: " ")
            guard let keyword = words.firstIndex(of: "import") else { continue }
            guard let path = words[(keyword + 1)...].first(where: { !kinds.contains($0) }),
                let module = path.split(separator: ".").first
            else { continue }
            imports.append((place + 1, String(module)))
        }
        return imports
    }
}
