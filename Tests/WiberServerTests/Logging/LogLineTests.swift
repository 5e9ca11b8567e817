import Testing
import WiberBase

@testable import WiberServer

@Suite("Log lines")
struct LogLineTests {
    private func line(_ message: String, _ facts: [(key: String, value: String)] = []) -> LogLine {
        LogLine(time: Timestamp(0), level: "info", message: message, facts: facts)
    }

    @Test func `text is for people: facts with spaces are quoted`() {
        let line = line("lane ended", [("node", "n2"), ("why", "it said \"no\""), ("empty", "")])
        #expect(
            line.rendered(as: .text)
                == #"1970-01-01T00:00:00.000000000Z info lane ended node=n2 why="it said \"no\"" empty="""#
        )
    }

    @Test func `JSON begins with time, level and message`() {
        #expect(
            line("lane ended", [("node", "n2")]).rendered(as: .json)
                == #"{"time":"1970-01-01T00:00:00.000000000Z","level":"info","#
                + #""message":"lane ended","node":"n2"}"#
        )
    }

    @Test(arguments: LogFormat.allCases)
    func `whatever a fact holds, it stays one line`(format: LogFormat) {
        let evil = "a\nb\rc\u{2028}d\u{1B}[31m\u{7F}\u{85}e\"\\"
        let text = line(evil, [("why", evil)]).rendered(as: format)
        let isOneLine = text.unicodeScalars.allSatisfy {
            $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) && $0.value != 0x2028
        }
        #expect(isOneLine)
        #expect(text.contains(#"a\nb\rc\u2028d\u001b[31m\u007f\u0085e\"\\"#))
    }

    @Test func `a fact cannot pass for the time or the level`() {
        let text = line("m", [("level", "error"), ("time", "never")]).rendered(as: .json)
        #expect(text.contains(#""level":"info""#))
        #expect(text.contains(#""level_":"error""#) && text.contains(#""time_":"never""#))
    }
}
