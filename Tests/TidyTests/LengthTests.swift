import Testing

@Suite("Tidy: lengths")
struct LengthTests {
    static let fileLengthMax = 500
    static let testFileLengthMax = 800
    static let functionLengthMax = 70

    @Test func `no source file is longer than 500 lines`() throws {
        for file in try Project.files(under: "Sources", endings: ["swift", "c", "h"]) {
            #expect(
                file.lineCount <= Self.fileLengthMax,
                "\(file): \(file.lineCount) lines; split it by responsibility"
            )
        }
    }

    @Test func `no test file is longer than 800 lines`() throws {
        for file in try Project.swiftFiles(under: "Tests") {
            #expect(
                file.lineCount <= Self.testFileLengthMax,
                "\(file): \(file.lineCount) lines; split it by behaviour"
            )
        }
    }

    @Test func `no function is longer than 70 lines`() throws {
        for file in try Project.swiftFiles(under: "Sources") + Project.swiftFiles(under: "Tests") {
            for function in Function.all(in: file.text)
            where function.lineCount > Self.functionLengthMax {
                Issue.record(
                    """
                    \(file):\(function.line): \(function.name) has \(function.lineCount) lines; \
                    push ifs up and fors down
                    """
                )
            }
        }
    }

    @Test func `a function's length counts from its keyword to its closing brace`() {
        let functions = Function.all(
            in: """
                protocol P {
                    func bare(_ x: Int)
                }
                func short(_ f: () -> Int = { 1 }) { f("}") }
                init?(a: [Int]) throws(E)
                where A: B {
                    // }
                    let s = "{ \\(g { "}" }) {"
                }
                """
        )
        #expect(functions.map(\.name) == ["short", "init"])
        #expect(functions.map(\.line) == [4, 5])
        #expect(functions.map(\.lineCount) == [1, 5])
    }
}
