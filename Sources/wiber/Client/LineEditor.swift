import Foundation
import Glibc
import WiberServer

/// Reads lines from a terminal, with arrows, history and completion; a pipe is read as it is.
struct LineEditor {
    private static let historyMax = 1_000

    private let prompt: String
    private let words: (String) -> [String]
    private let connection: Connection
    private let historyPath: String
    private var history: [String]

    init(prompt: String, words: @escaping (String) -> [String], waitsOn connection: Connection) {
        self.prompt = prompt
        self.words = words
        self.connection = connection
        historyPath = NSHomeDirectory() + "/.wiber_history"
        let text = (try? String(contentsOfFile: historyPath, encoding: .utf8)) ?? ""
        history = text.split(separator: "\n").suffix(Self.historyMax).map(String.init)
    }

    /// The next line, `nil` at the end; `whileIdle` is called when the server says something.
    mutating func read(whileIdle: () -> Void) -> String? {
        guard isatty(STDIN_FILENO) == 1 else { return readLine(strippingNewline: true) }
        var saved = termios()
        tcgetattr(STDIN_FILENO, &saved)
        var raw = saved
        raw.c_lflag &= ~tcflag_t(ICANON | ECHO | ISIG)
        tcsetattr(STDIN_FILENO, TCSANOW, &raw)
        defer { tcsetattr(STDIN_FILENO, TCSANOW, &saved) }
        var line = EditedLine()
        var place = history.count
        draw(line)
        while true {
            guard let key = nextKey(whileIdle, line) else { return nil }
            switch key {
            case .enter:
                write("\r\n")
                remember(line.text)
                return line.text
            case .end where line.text.isEmpty, .interrupt where line.text.isEmpty:
                write("\r\n")
                return nil
            case .end: break
            case .interrupt: line = EditedLine()
            case .tab: complete(&line)
            case .up where place > 0:
                place -= 1
                line = EditedLine(text: history[place])
            case .down where place < history.count:
                place += 1
                line = EditedLine(text: place < history.count ? history[place] : "")
            case .up, .down: break
            case .left, .right, .home, .last, .backspace, .character: line.apply(key)
            }
            draw(line)
        }
    }

    private func nextKey(_ whileIdle: () -> Void, _ line: EditedLine) -> Key? {
        while true {
            var poll = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
            if Glibc.poll(&poll, 1, 200) > 0 {
                guard let byte = byte() else { return nil }
                if let key = key(byte) { return key }
            } else if connection.canRead(within: 0) {
                whileIdle()
                draw(line)
            }
        }
    }

    private func byte() -> UInt8? {
        var byte: UInt8 = 0
        return Glibc.read(STDIN_FILENO, &byte, 1) == 1 ? byte : nil
    }

    private func key(_ byte: UInt8) -> Key? {
        switch byte {
        case 1: return .home
        case 3: return .interrupt
        case 4: return .end
        case 5: return .last
        case 8, 127: return .backspace
        case 9: return .tab
        case 10, 13: return .enter
        case 27:
            guard self.byte() == UInt8(ascii: "["), let code = self.byte() else { return nil }
            return [65: Key.up, 66: .down, 67: .right, 68: .left, 72: .home, 70: .last][code]
        case 32..<127: return .character(Character(UnicodeScalar(byte)))
        case 0xc2...0xf4:
            var bytes = [byte]
            for _ in 1..<(byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) {
                if let next = self.byte() { bytes.append(next) }
            }
            return String(decoding: bytes, as: UTF8.self).first.map { .character($0) }
        case _: return nil
        }
    }

    private func complete(_ line: inout EditedLine) {
        let found = words(line.text)
        if found.count == 1 {
            line = EditedLine(text: found[0])
        } else if found.count > 1 {
            write("\r\n" + found.joined(separator: "  ") + "\r\n")
            let common = found.dropFirst().reduce(found[0]) { $0.commonPrefix(with: $1) }
            if common.count > line.text.count { line = EditedLine(text: common) }
        }
    }

    private func draw(_ line: EditedLine) {
        let back = line.text.count - line.cursor
        write("\r\u{1B}[K" + prompt + line.text + (back > 0 ? "\u{1B}[\(back)D" : ""))
    }

    private func write(_ text: String) {
        try? FileHandle.standardOutput.write(contentsOf: Data(text.utf8))
    }

    private mutating func remember(_ text: String) {
        guard !text.isEmpty, text != history.last else { return }
        history.append(text)
        history = Array(history.suffix(Self.historyMax))
        let data = Data((history.joined(separator: "\n") + "\n").utf8)
        try? data.write(to: URL(filePath: historyPath), options: .atomic)
    }
}

/// A key that means something.
enum Key {
    case enter, tab, up, down, left, right, home, last, backspace, end, interrupt
    case character(Character)
}

/// A line with a cursor in it.
struct EditedLine {
    private(set) var text = ""
    private(set) var cursor = 0

    init(text: String = "") {
        self.text = text
        cursor = text.count
    }

    /// Moves, inserts or removes.
    mutating func apply(_ key: Key) {
        let place = text.index(text.startIndex, offsetBy: cursor)
        switch key {
        case .left: cursor = max(0, cursor - 1)
        case .right: cursor = min(text.count, cursor + 1)
        case .home: cursor = 0
        case .last: cursor = text.count
        case .backspace:
            guard cursor > 0 else { return }
            text.remove(at: text.index(before: place))
            cursor -= 1
        case .character(let character):
            text.insert(character, at: place)
            cursor += 1
        case .enter, .tab, .up, .down, .end, .interrupt: break
        }
    }
}
