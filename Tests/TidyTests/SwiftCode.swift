/// A Swift file with comments and string literals blanked out, so that a search finds code only.
///
/// Every byte keeps its place, so that line numbers stay true. What an interpolation `\(…)` holds
/// is blanked with its literal.
struct SwiftCode {
    private(set) var bytes: [UInt8]

    init(_ text: String) {
        bytes = Array(text.utf8)
        var place = 0
        while place < bytes.count {
            place = skipOne(at: place)
        }
    }

    /// The words of the code, each with its line, from 1.
    var words: [(text: String, line: Int, offset: Int)] {
        var words: [(text: String, line: Int, offset: Int)] = []
        var line = 1
        var start: Int?
        for (offset, byte) in bytes.enumerated() {
            if Self.isWord(byte) {
                start = start ?? offset
                continue
            }
            if let begin = start {
                words.append((String(decoding: bytes[begin..<offset], as: UTF8.self), line, begin))
                start = nil
            }
            if byte == UInt8(ascii: "\n") { line += 1 }
        }
        return words
    }

    /// The lines of the code, comments and literals blanked.
    var lines: [Substring] {
        String(decoding: bytes, as: UTF8.self).split(
            separator: "\n",
            omittingEmptySubsequences: false
        )
    }

    static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), 0x80...0xFF:
            true
        default: false
        }
    }

    /// Blanks what begins at `place` if it is a comment or a literal; the place after it.
    private mutating func skipOne(at place: Int) -> Int {
        if has("//", at: place) { return blank(place, through: endOfLine(place)) }
        if has("/*", at: place) { return blank(place, through: endOfBlock(place)) }
        var quote = place
        while quote < bytes.count, bytes[quote] == UInt8(ascii: "#") { quote += 1 }
        let marks = quote - place
        if has("\"\"\"", at: quote) {
            return blank(place, through: endOfLiteral(quote + 3, quotes: 3, marks: marks))
        }
        if has("\"", at: quote) {
            return blank(place, through: endOfLiteral(quote + 1, quotes: 1, marks: marks))
        }
        return place + max(marks, 1)
    }

    private func has(_ text: StaticString, at place: Int) -> Bool {
        text.withUTF8Buffer { wanted in
            place + wanted.count <= bytes.count
                && wanted.indices.allSatisfy { bytes[place + $0] == wanted[$0] }
        }
    }

    private mutating func blank(_ start: Int, through end: Int) -> Int {
        for place in start..<min(end, bytes.count) where bytes[place] != UInt8(ascii: "\n") {
            bytes[place] = UInt8(ascii: " ")
        }
        return max(end, start + 1)
    }

    private func endOfLine(_ start: Int) -> Int {
        bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
    }

    private func endOfBlock(_ start: Int) -> Int {
        var depth = 1
        var place = start + 2
        while place < bytes.count, depth > 0 {
            if has("/*", at: place) {
                depth += 1
                place += 2
            } else if has("*/", at: place) {
                depth -= 1
                place += 2
            } else {
                place += 1
            }
        }
        return place
    }

    /// The place after a literal whose text begins at `start`.
    private func endOfLiteral(_ start: Int, quotes: Int, marks: Int) -> Int {
        var place = start
        while place < bytes.count {
            if bytes[place] == UInt8(ascii: "\\"), isRun(of: "#", marks, at: place + 1) {
                place += 1 + marks
                if has("(", at: place) {
                    place = endOfInterpolation(place + 1)
                } else {
                    place += 1
                }
            } else if isRun(of: "\"", quotes, at: place), isRun(of: "#", marks, at: place + quotes)
            {
                return place + quotes + marks
            } else {
                place += 1
            }
        }
        return place
    }

    private func isRun(of mark: Unicode.Scalar, _ count: Int, at place: Int) -> Bool {
        place + count <= bytes.count
            && bytes[place..<place + count].allSatisfy { $0 == UInt8(ascii: mark) }
    }

    /// The place after the `)` of an interpolation whose content begins at `start`.
    private func endOfInterpolation(_ start: Int) -> Int {
        var depth = 1
        var place = start
        while place < bytes.count, depth > 0 {
            if has("\"", at: place) {
                place = endOfLiteral(place + 1, quotes: 1, marks: 0)
                continue
            }
            if has("(", at: place) { depth += 1 }
            if has(")", at: place) { depth -= 1 }
            place += 1
        }
        return place
    }
}
