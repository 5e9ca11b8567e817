/// A function with a body, as found in the text of a file.
struct Function {
    let name: String
    /// Where its keyword stands, from 1.
    let line: Int
    /// From the keyword to the closing brace, both counted.
    let lineCount: Int

    private static let keywords: Set<String> = ["func", "init", "deinit", "subscript"]
    /// What follows a requirement of a protocol, which has no body.
    private static let nextDeclaration: Set<String> = [
        "associatedtype", "func", "init", "let", "static", "subscript", "typealias", "var",
    ]

    /// Every function, initialiser and subscript in `text` that has a body.
    static func all(in text: String) -> [Function] {
        let code = SwiftCode(text)
        let words = code.words
        var functions: [Function] = []
        for (place, word) in words.enumerated() where keywords.contains(word.text) {
            guard isDeclaration(word.offset, in: code.bytes) else { continue }
            let next = words[(place + 1)...].first { nextDeclaration.contains($0.text) }
            let limit = next?.offset ?? code.bytes.count
            guard let open = bodyStart(code.bytes, from: word.offset, before: limit),
                let close = bodyEnd(code.bytes, from: open)
            else { continue }
            let lines = code.bytes[word.offset...close].count { $0 == UInt8(ascii: "\n") } + 1
            let isNamed = word.text == "func" && place + 1 < words.count
            let name = isNamed ? words[place + 1].text : word.text
            functions.append(Function(name: name, line: word.line, lineCount: lines))
        }
        return functions
    }

    /// Whether the keyword is not a call or a reference such as `self.init(…)`.
    private static func isDeclaration(_ offset: Int, in bytes: [UInt8]) -> Bool {
        guard offset > 0 else { return true }
        return ![UInt8(ascii: "."), UInt8(ascii: "`")].contains(bytes[offset - 1])
    }

    /// The first brace outside parentheses: a default argument may be a closure.
    private static func bodyStart(_ bytes: [UInt8], from start: Int, before limit: Int) -> Int? {
        var depth = 0
        for place in start..<limit {
            switch bytes[place] {
            case UInt8(ascii: "("), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: ")"), UInt8(ascii: "]"): depth -= 1
            case UInt8(ascii: "{") where depth == 0: return place
            case UInt8(ascii: "}") where depth == 0: return nil
            default: break
            }
        }
        return nil
    }

    private static func bodyEnd(_ bytes: [UInt8], from open: Int) -> Int? {
        var depth = 0
        for place in open..<bytes.count {
            if bytes[place] == UInt8(ascii: "{") { depth += 1 }
            if bytes[place] == UInt8(ascii: "}") { depth -= 1 }
            if depth == 0 { return place }
        }
        return nil
    }
}
