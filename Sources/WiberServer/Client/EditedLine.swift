/// A key that means something to a line editor.
public enum Key: Equatable, Sendable {
    case enter, tab, up, down, left, right, home, last, backspace, delete, end, interrupt
    case cutLine, cutRest, cutWord, redraw
    case character(Character)
}

/// Makes keys of a terminal's bytes.
public struct KeyReader: Sendable {
    /// What has come of an escape sequence or of a character of several bytes.
    private var pending: [UInt8] = []

    /// Nothing read yet.
    public init() {}

    /// The key that `byte` completes; `nil` if more must come, or if it means nothing.
    public mutating func key(_ byte: UInt8) -> Key? {
        pending.append(byte)
        guard let first = pending.first else { return nil }
        if first == 27 { return escape() }
        if first >= 0xc2, first <= 0xf4 { return character(first) }
        pending.removeAll()
        switch byte {
        case 1: return .home
        case 3: return .interrupt
        case 4: return .end
        case 5: return .last
        case 8, 127: return .backspace
        case 9: return .tab
        case 10, 13: return .enter
        case 11: return .cutRest
        case 12: return .redraw
        case 21: return .cutLine
        case 23: return .cutWord
        case 32..<127: return .character(Character(UnicodeScalar(byte)))
        case _: return nil
        }
    }

    /// `ESC [ digits ; digits letter`, or `ESC O letter`.
    private mutating func escape() -> Key? {
        guard pending.count > 1 else { return nil }
        let isControl = pending[1] == UInt8(ascii: "[") || pending[1] == UInt8(ascii: "O")
        guard isControl, pending.count < 16 else {
            pending.removeAll()
            return nil
        }
        guard pending.count > 2, let byte = pending.last, (0x40...0x7e).contains(byte) else {
            return nil
        }
        let parameter = String(decoding: pending.dropFirst(2).dropLast(), as: UTF8.self)
        pending.removeAll()
        switch byte {
        case UInt8(ascii: "A"): return .up
        case UInt8(ascii: "B"): return .down
        case UInt8(ascii: "C"): return .right
        case UInt8(ascii: "D"): return .left
        case UInt8(ascii: "H"): return .home
        case UInt8(ascii: "F"): return .last
        case UInt8(ascii: "~"):
            return ["1": Key.home, "3": .delete, "4": .last, "7": .home, "8": .last][parameter]
        case _: return nil
        }
    }

    private mutating func character(_ first: UInt8) -> Key? {
        let length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2
        guard pending.count >= length else { return nil }
        defer { pending.removeAll() }
        return String(validating: pending, as: UTF8.self)?.first.map { .character($0) }
    }
}

/// A line with a cursor in it.
public struct EditedLine: Equatable, Sendable {
    /// What stands in it.
    public private(set) var text = ""
    /// How many characters stand before the cursor.
    public private(set) var cursor = 0

    /// A line with the cursor at its end.
    public init(text: String = "") {
        self.text = text
        cursor = text.count
    }

    /// Moves, inserts or removes; other keys change nothing.
    public mutating func apply(_ key: Key) {
        switch key {
        case .left: cursor = max(0, cursor - 1)
        case .right: cursor = min(text.count, cursor + 1)
        case .home: cursor = 0
        case .last: cursor = text.count
        case .backspace: cut(from: max(0, cursor - 1), to: cursor)
        case .delete, .end: cut(from: cursor, to: min(text.count, cursor + 1))
        case .cutLine: cut(from: 0, to: cursor)
        case .cutRest: cut(from: cursor, to: text.count)
        case .cutWord: cut(from: wordStart, to: cursor)
        case .character(let character):
            let length = text.count
            text.insert(character, at: place(cursor))
            cursor += text.count - length  // An accent joins the letter before it.
        case .enter, .tab, .up, .down, .interrupt, .redraw: break
        }
    }

    /// The part that fits into `width` columns, and how many characters of it follow the cursor.
    public func window(width: Int) -> (text: String, behind: Int) {
        let width = max(1, width)
        let start = max(0, cursor - width + 1)
        let shown = text.dropFirst(start).prefix(width)
        return (String(shown), shown.count - (cursor - start))
    }

    private var wordStart: Int {
        let before = Array(text.prefix(cursor))
        var place = before.count
        while place > 0, before[place - 1] == " " { place -= 1 }
        while place > 0, before[place - 1] != " " { place -= 1 }
        return place
    }

    private mutating func cut(from start: Int, to end: Int) {
        text.removeSubrange(place(start)..<place(end))
        cursor = start
    }

    private func place(_ offset: Int) -> String.Index {
        text.index(text.startIndex, offsetBy: offset, limitedBy: text.endIndex) ?? text.endIndex
    }
}
