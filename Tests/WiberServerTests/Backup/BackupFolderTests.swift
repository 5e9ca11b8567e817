import Foundation
import Testing
import WiberBackup
import WiberBase

@testable import WiberServer

@Suite("A backup's folder")
struct BackupFolderTests {
    private func folder(_ body: (String) throws -> Void) throws {
        let path = FileManager.default.temporaryDirectory
            .appending(path: "wiber-backup-\(UUID().uuidString)").path
        defer { _ = try? FileManager.default.removeItem(atPath: path) }
        try body(path)
    }

    /// A topic without messages.
    private func blocks(_ name: String) -> [[UInt8]] {
        var writer = BlockWriter()
        let topic = TopicBlock(
            backup: UniqueID(high: 1, low: 2),
            takenAt: .zero,
            firstSequence: Sequence(7),
            nextSequence: Sequence(7),
            totals: BackupTotals(),
            configuration: TopicConfiguration(name: name, replicas: 1)
        )
        let end = EndBlock(last: .zero, nextSequence: Sequence(7), totals: BackupTotals())
        return [writer.block(.topic, topic.payload), writer.block(.end, end.payload)]
    }

    /// Writes topics; the last one, or the contents, may be missing.
    private func write(_ names: [String], to path: String, isWhole: Bool) throws {
        let target = try BackupTarget(folder: path)
        var check = BackupCheck()
        for name in names {
            try target.begin(name)
            for block in blocks(name) {
                _ = try check.take(try Block.decode(block[...]))
                try target.write(block[...])
            }
            if isWhole || name != names.last { try target.end() }
        }
        if isWhole { try target.finish(ContentsBlock(topics: check.topics)) }
    }

    private func read(_ path: String) throws -> [String] {
        var names: [String] = []
        try BackupSource(path).forEachBlock { item, _ in
            if case .topic(let topic) = item { names.append(topic.configuration.name) }
        }
        return names
    }

    @Test func `what was written is read, in its order, whatever the names`() throws {
        try folder { path in
            let names = ["b", "B", "a_1-", String(repeating: "X", count: 255)]
            try write(names, to: path, isWhole: true)
            #expect(try read(path) == names)
            let files = try FileManager.default.contentsOfDirectory(atPath: path)
            #expect(files.count == 5)
            #expect(files.allSatisfy { !$0.hasSuffix(".partial") })
        }
    }

    @Test func `an interrupted backup is none, and nothing is written over it`() throws {
        try folder { path in
            try write(["a", "b"], to: path, isWhole: false)
            let files = try FileManager.default.contentsOfDirectory(atPath: path).sorted()
            #expect(files == ["topic-a.wbk", "topic-b.wbk.partial"])
            #expect(throws: ClientError.self) { try read(path) }
            #expect(throws: ClientError.self) { try BackupTarget(folder: path) }
        }
    }

    @Test func `files that are missing, cut or swapped are noticed`() throws {
        for harm in 0..<4 {
            try folder { path in
                try write(["a", "b"], to: path, isWhole: true)
                let (one, other) = (path + "/topic-a.wbk", path + "/topic-b.wbk")
                let files = FileManager.default
                switch harm {
                case 0: try files.removeItem(atPath: one)
                case 1:
                    try files.removeItem(atPath: one)
                    try files.copyItem(atPath: other, toPath: one)
                case 2:
                    let bytes = try Data(contentsOf: URL(filePath: one))
                    try bytes.dropLast().write(to: URL(filePath: one))
                case _:
                    let contents = URL(filePath: path + "/contents.wbk")
                    try (Data(contentsOf: contents) + [0]).write(to: contents)
                }
                #expect(throws: ClientError.self, "harm \(harm)") { try read(path) }
            }
        }
    }
}
