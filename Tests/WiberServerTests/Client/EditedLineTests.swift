import Testing

@testable import WiberServer

@Suite("The line editor")
struct EditedLineTests {
    /// The line that these bytes of a terminal leave.
    private func line(_ typed: String) -> EditedLine {
        var reader = KeyReader()
        var line = EditedLine()
        for byte in typed.utf8 {
            if let key = reader.key(byte) { line.apply(key) }
        }
        return line
    }

    @Test(arguments: [
        ("abc", "abc", 3), ("abc\u{1B}[D\u{1B}[DX", "aXbc", 2), ("abc\u{7F}", "ab", 2),
        ("\u{7F}\u{1B}[D\u{1B}[C", "", 0), ("abc\u{1}X", "Xabc", 1),
        ("abc\u{1B}[HX\u{5}Y", "XabcY", 5),
        ("abc\u{1}\u{1B}[3~", "bc", 0), ("one two \u{17}", "one ", 4),
        ("abc\u{1B}[D\u{15}", "c", 0),
        ("abc\u{1}\u{B}", "", 0), ("né\u{1B}[D\u{7F}", "é", 0), ("👩‍👩‍👧\u{7F}", "", 0),
        ("a\u{1B}[1;5Cb", "ab", 2), ("a\u{1B}OHb", "ba", 1), ("a\u{1B}xb", "ab", 2),
        ("e\u{301}x", "e\u{301}x", 2),
    ])
    func `keys move, insert and remove`(typed: String, text: String, cursor: Int) {
        let line = line(typed)
        #expect(line.text == text)
        #expect(line.cursor == cursor)
        #expect((0...line.text.count).contains(line.cursor))
    }

    @Test func `random bytes never trap, and the cursor stays in the line`() {
        var random = SplitMix(state: 11)
        var reader = KeyReader()
        var line = EditedLine()
        let known: [UInt8] = [
            27, 91, 79, 65, 66, 67, 68, 72, 126, 51, 127, 1, 5, 11, 21, 23, 97, 32,
        ]
        for _ in 0..<5_000 {
            let isKnown = Bool.random(using: &random)
            let byte =
                isKnown
                ? known.randomElement(using: &random) ?? 0
                : UInt8.random(in: 0...255, using: &random)
            if let key = reader.key(byte) { line.apply(key) }
            #expect((0...line.text.count).contains(line.cursor))
            let (shown, behind) = line.window(width: 20)
            #expect(shown.count <= 20 && behind >= 0 && behind <= shown.count)
            if line.text.count > 200 { line = EditedLine() }
        }
    }

    @Test func `a long line shows the part around the cursor`() {
        var line = EditedLine(text: "0123456789")
        #expect(line.window(width: 4) == ("789", 0))
        line.apply(.home)
        #expect(line.window(width: 4) == ("0123", 4))
        #expect(line.window(width: 40) == ("0123456789", 10))
    }

    @Test func `tab completes commands, then topics`() {
        let completion = Completion(topics: ["notes", "numbers", "x"])
        #expect(completion.lines(for: "p") == ["PING", "PUB ", "PUBID "])
        #expect(completion.lines(for: "hi") == ["HISTORY "])
        #expect(completion.lines(for: "pub n") == ["pub notes ", "pub numbers "])
        #expect(completion.lines(for: "PING n") == [])
        #expect(completion.lines(for: "pub notes a") == [])
        #expect(completion.lines(for: "") == Completion.commands)
        #expect(Completion.shared(["pub notes ", "pub numbers "]) == "pub n")
        #expect(Completion.shared([]) == "")
    }
}
