import WiberBase

/// How log lines look.
public enum LogFormat: String, Sendable, CaseIterable {
    /// For people: `TIME level message key=value …`.
    case text
    /// One JSON object a line: `time`, `level` and `message` first, then the facts.
    case json
}

/// One line of the log, without its newline.
///
/// Whatever the facts hold, it stays one line, and its parts can be told apart.
struct LogLine {
    var time: Timestamp
    var level: String
    var message: String
    /// Facts, in the order in which they are shown.
    var facts: [(key: String, value: String)]

    func rendered(as format: LogFormat) -> String {
        switch format {
        case .text: text
        case .json: json
        }
    }

    private var text: String {
        var line = "\(time.rfc3339) \(level) \(Self.flattened(message))"
        for fact in facts { line += " \(fact.key)=\(Self.quotedIfNeeded(fact.value))" }
        return line
    }

    private var json: String {
        var fields = [("time", time.rfc3339), ("level", level), ("message", message)]
        // A fact may not pass for one of the first three.
        for fact in facts {
            let isTaken = fields.contains { $0.0 == fact.key }
            fields.append((isTaken ? fact.key + "_" : fact.key, fact.value))
        }
        let members = fields.map { Self.quoted($0.0) + ":" + Self.quoted($0.1) }
        return "{" + members.joined(separator: ",") + "}"
    }

    /// Without line ends, for the part that people read.
    private static func flattened(_ text: String) -> String {
        let isFlat = text.unicodeScalars.allSatisfy { !isControl($0) }
        return isFlat ? text : String(quoted(text).dropFirst().dropLast())
    }

    private static func quotedIfNeeded(_ text: String) -> String {
        let isPlain = text.unicodeScalars.allSatisfy {
            !isControl($0) && $0 != " " && $0 != "\"" && $0 != "="
        }
        return isPlain && !text.isEmpty ? text : quoted(text)
    }

    /// As a JSON string.
    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where isControl(scalar):
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    /// C0, DEL, C1 and the two Unicode line ends.
    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
            || scalar.value == 0x2028 || scalar.value == 0x2029
    }
}
