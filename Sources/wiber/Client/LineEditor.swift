import Foundation
import Glibc
import WiberServer

/// Reads lines from a terminal, with arrows, history and completion; a pipe is read as it is.
struct LineEditor {
    private static let historyMax = 1_000

    private let prompt: String
    private let completion: Completion
    private let connection: Connection
    private let historyPath: String
    private var history: [String]
    private var keys = KeyReader()

    init(prompt: String, completion: Completion, waitsOn connection: Connection) {
        self.prompt = prompt
        self.completion = completion
        self.connection = connection
        historyPath = NSHomeDirectory() + "/.wiber_history"
        let text = (try? String(contentsOfFile: historyPath, encoding: .utf8)) ?? ""
        history = text.split(separator: "\n").suffix(Self.historyMax).map(String.init)
    }

    /// The next line, `nil` at the end; `whileIdle` is called when the server says something.
    ///
    /// - Throws: what `whileIdle` throws, such as the end of the connection.
    mutating func read(whileIdle: () throws -> Void) throws -> String? {
        guard isatty(STDIN_FILENO) == 1 else { return readLine(strippingNewline: true) }
        var saved = termios()
        tcgetattr(STDIN_FILENO, &saved)
        var raw = saved
        raw.c_lflag &= ~tcflag_t(ICANON | ECHO | ISIG | IEXTEN)
        raw.c_iflag &= ~tcflag_t(IXON | ICRNL)
        tcsetattr(STDIN_FILENO, TCSANOW, &raw)
        defer { tcsetattr(STDIN_FILENO, TCSANOW, &saved) }
        var line = EditedLine()
        var place = history.count
        draw(line)
        while true {
            guard let key = try nextKey(whileIdle, line) else { return nil }
            switch key {
            case .enter:
                write("\r\n")
                remember(line.text)
                return line.text
            case .end where line.text.isEmpty, .interrupt where line.text.isEmpty:
                write("\r\n")
                return nil
            case .interrupt: line = EditedLine()
            case .tab: complete(&line)
            case .up where place > 0:
                place -= 1
                line = EditedLine(text: history[place])
            case .down where place < history.count:
                place += 1
                line = EditedLine(text: place < history.count ? history[place] : "")
            case .redraw: write("\u{1B}[H\u{1B}[2J")
            case .up, .down: break
            case .left, .right, .home, .last, .backspace, .delete, .end, .cutLine, .cutRest,
                .cutWord, .character:
                line.apply(key)
            }
            draw(line)
        }
    }

    private mutating func nextKey(_ whileIdle: () throws -> Void, _ line: EditedLine) throws -> Key?
    {
        while true {
            var polls = [pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)]
            let hasNews = connection.hasLine || connection.canRead(within: 0)
            if Glibc.poll(&polls, 1, hasNews ? 0 : 100) > 0 {
                var byte: UInt8 = 0
                guard Glibc.read(STDIN_FILENO, &byte, 1) == 1 else { return nil }
                if let key = keys.key(byte) { return key }
            } else if hasNews {
                write("\r\u{1B}[K")
                try whileIdle()
                draw(line)
            }
        }
    }

    private func complete(_ line: inout EditedLine) {
        let found = completion.lines(for: line.text)
        let shared = Completion.shared(found)
        if shared.count > line.text.count || found.count == 1 {
            line = EditedLine(text: shared)
        } else if found.count > 1 {
            write("\r\n" + found.joined(separator: "  ") + "\r\n")
        }
    }

    /// Shows the part of the line around the cursor that fits.
    private func draw(_ line: EditedLine) {
        var size = winsize()
        let isKnown = ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
        let (text, behind) = line.window(
            width: Int(isKnown ? size.ws_col : 80) - prompt.count - 1
        )
        write("\r\u{1B}[K" + prompt + text + (behind > 0 ? "\u{1B}[\(behind)D" : ""))
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
