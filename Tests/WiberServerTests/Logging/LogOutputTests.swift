import Dispatch
import Foundation
import Synchronization
import Testing

@testable import WiberServer

@Suite("Where log lines go")
struct LogOutputTests {
    /// Takes lines only once it is let.
    private final class SlowWriter: Sendable {
        let mayWrite = DispatchSemaphore(value: 0)
        let written = Mutex<[UInt8]>([])

        func write(_ bytes: [UInt8]) {
            mayWrite.wait()
            mayWrite.signal()
            written.withLock { $0.append(contentsOf: bytes) }
        }

        var lines: [String] {
            written.withLock { String(decoding: $0, as: UTF8.self) }
                .split(separator: "\n").map(String.init)
        }
    }

    @Test func `a writer that hangs stops nobody, and what is dropped is counted and told`() {
        let writer = SlowWriter()
        let output = LogOutput(label: "test") { writer.write($0) }
        let line = String(repeating: "x", count: 999)
        for _ in 0..<5_000 { output.add(line) }
        let dropped = output.droppedLines
        #expect(dropped > 2_000 && dropped < 4_500)
        writer.mayWrite.signal()
        output.flush()
        output.add("last")
        output.flush()
        #expect(writer.lines.suffix(2) == ["(\(dropped) lines were dropped here)", "last"])
        #expect(writer.lines.count == 5_000 - Int(dropped) + 2)
    }

    @Test func `lines keep their order`() {
        let writer = SlowWriter()
        writer.mayWrite.signal()
        let output = LogOutput(label: "test") { writer.write($0) }
        for number in 0..<10_000 { output.add("\(number)") }
        output.flush()
        #expect(writer.lines == (0..<10_000).map { "\($0)" })
    }

    @Test func `a file is rotated by size, and few are kept`() throws {
        let folder = try TestFolder()
        let path = folder.path + "/console.log"
        var file = try LogFile(path: path, sizeMax: 100)
        for number in 100..<200 { file.write(Array("line \(number)\n".utf8)) }
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        #expect(names == ["console.log"] + (1..<LogFile.filesMax).map { "console.log.\($0)" })
        let newest = try String(contentsOfFile: path + ".1", encoding: .utf8)
        #expect(newest.split(separator: "\n").count == 12)
        let all = try names.sorted().map {
            try String(contentsOfFile: folder.path + "/" + $0, encoding: .utf8)
        }.joined()
        #expect(all.contains("line 199\n") && !all.contains("line 100\n"))
    }

    @Test func `a file goes on where it ended`() throws {
        let folder = try TestFolder()
        let path = folder.path + "/console.log"
        for number in 1...3 {
            var file = try LogFile(path: path)
            file.write(Array("start \(number)\n".utf8))
        }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "start 1\nstart 2\nstart 3\n")
    }

    @Test func `a directory that cannot be written is named`() throws {
        let error = #expect(throws: LogFileError.self) {
            _ = try LogFile(path: "/proc/none/console.log")
        }
        #expect(error?.description.contains("/proc/none/console.log") == true)
    }
}
