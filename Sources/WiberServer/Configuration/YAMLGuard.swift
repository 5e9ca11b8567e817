/// Refuses text that would cost a YAML reader far more than its length.
///
/// The YAML library reads nested values by calling itself, and hashes a key with all that its
/// aliases stand for, so depth and aliases are counted before it sees the text. The count does not
/// know quotes: a text with very many brackets in them is refused as well.
enum YAMLGuard {
    /// The longest file, in bytes (1 MiB).
    static let lengthMax = 1 << 20
    /// How many brackets may be open at once.
    static let bracketsMax = 200
    /// How many `-` and `?` may begin a line.
    static let dashesMax = 32
    /// How far a line may be indented, in spaces.
    static let indentationMax = 256
    /// How many aliases (`*name`) a file may have.
    static let aliasesMax = 32

    /// The first line that is too much, and why; `nil` if all is well.
    static func refusal(of text: String) -> ConfigurationProblem? {
        var open = 0
        var aliases = 0
        for (place, line) in text.utf8.split(separator: 10, omittingEmptySubsequences: false)
            .enumerated()
        {
            let shape = Shape(line, open: open)
            open = shape.open
            aliases += shape.aliases
            if shape.openMax > bracketsMax || shape.dashes > dashesMax
                || shape.indentation > indentationMax
            {
                return ConfigurationProblem(
                    line: place + 1,
                    column: 1,
                    text: "the YAML nests too deep for a configuration: check the brackets and "
                        + "the indentation"
                )
            }
            if aliases > aliasesMax {
                return ConfigurationProblem(
                    line: place + 1,
                    column: 1,
                    text: "the YAML has more than \(aliasesMax) aliases (*name): write the values "
                        + "out instead"
                )
            }
        }
        return nil
    }

    /// What one line adds.
    private struct Shape {
        var open: Int
        var openMax: Int
        var dashes = 0
        var indentation = 0
        var aliases = 0

        init(_ line: Substring.UTF8View, open: Int) {
            self.open = open
            openMax = open
            var isLeading = true
            var previous = UInt8(ascii: " ")
            for byte in line {
                if previous == UInt8(ascii: "*"), Self.isWord(byte), isAlias { aliases += 1 }
                isAlias = byte == UInt8(ascii: "*") && !Self.isWord(previous)
                switch byte {
                case UInt8(ascii: "["), UInt8(ascii: "{"):
                    self.open += 1
                    openMax = max(openMax, self.open)
                    isLeading = false
                case UInt8(ascii: "]"), UInt8(ascii: "}"):
                    self.open = max(0, self.open - 1)
                    isLeading = false
                case UInt8(ascii: "-"), UInt8(ascii: "?"): dashes += isLeading ? 1 : 0
                case UInt8(ascii: " "): indentation += isLeading ? 1 : 0
                default: isLeading = false
                }
                previous = byte
            }
        }

        private var isAlias = false

        private static func isWord(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
    }
}
