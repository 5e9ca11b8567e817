import WiberBase
import Yams

/// Takes values out of YAML and remembers everything that is wrong, with its place.
struct ConfigurationReader {
    /// How many errors are kept: nobody reads more.
    static let errorsMax = 100

    private(set) var errors: [ConfigurationProblem] = []
    private(set) var warnings: [ConfigurationProblem] = []
    private var isFull = false

    /// The errors in the order of the file; the last says so if there are more.
    var sortedErrors: [ConfigurationProblem] {
        var sorted = errors.sorted { ($0.line, $0.column) < ($1.line, $1.column) }
        if isFull, let last = sorted.last {
            let text = "and more: mend these \(Self.errorsMax) first"
            sorted.append(ConfigurationProblem(line: last.line, column: last.column, text: text))
        }
        return sorted
    }

    /// Text of the file as a message may show it: short, and without control characters.
    static func shown(_ text: String) -> String {
        let short = text.unicodeScalars.prefix(64).map { scalar in
            scalar.value < 32 || (127..<160).contains(scalar.value) ? "\u{FFFD}" : scalar
        }
        var shown = ""
        shown.unicodeScalars.append(contentsOf: short)
        return text.unicodeScalars.dropFirst(64).isEmpty ? shown : shown + "…"
    }

    mutating func error(_ node: Node?, _ text: String) {
        guard errors.count < Self.errorsMax else {
            isFull = true
            return
        }
        let mark = node?.mark
        errors.append(
            ConfigurationProblem(line: mark?.line ?? 1, column: mark?.column ?? 1, text: text)
        )
    }

    mutating func warn(_ node: Node?, _ text: String) {
        let mark = node?.mark
        warnings.append(
            ConfigurationProblem(line: mark?.line ?? 1, column: mark?.column ?? 1, text: text)
        )
    }

    /// The fields of a mapping; unknown and repeated keys are errors.
    mutating func fields(_ node: Node, _ what: String, known: [String]) -> [String: Node]? {
        guard let mapping = node.mapping else {
            error(node, "\(what) must be a mapping with the keys \(known.joined(separator: ", "))")
            return nil
        }
        var fields: [String: Node] = [:]
        for (key, value) in mapping {
            let name = key.string ?? ""
            if !known.contains(name) {
                let hint = Suggestion.text(for: name, among: known)
                error(key, "unknown key '\(Self.shown(name))' in \(what)\(hint)")
            } else if fields.updateValue(value, forKey: name) != nil {
                error(key, "the key '\(name)' is given twice in \(what): keep one")
            }
        }
        return fields
    }

    /// Text of one line and at most `limit` bytes.
    mutating func text(_ node: Node?, _ what: String, limit: Int = 255) -> String? {
        guard let node else { return nil }
        guard let text = node.scalar?.string, !text.isEmpty else {
            error(node, "\(what) must be text")
            return nil
        }
        guard text.utf8.count <= limit, text.utf8.allSatisfy({ $0 >= 32 && $0 != 127 }) else {
            error(node, "\(what) must be one line of at most \(limit) bytes")
            return nil
        }
        return text
    }

    /// A name or number of a machine, without port or scheme.
    mutating func host(_ node: Node?, _ what: String) -> String? {
        guard let text = text(node, what) else { return nil }
        guard HostName.isValid(text) else {
            error(
                node,
                "\(what) '\(Self.shown(text))' is no host: give a name or an address alone, "
                    + "such as 127.0.0.1; the port has its own key"
            )
            return nil
        }
        return text
    }

    /// A list; nothing after the colon is one without entries.
    mutating func list(_ node: Node?, _ what: String) -> [Node]? {
        guard let node else { return nil }
        if let scalar = node.scalar, scalar.style == .plain,
            ["", "~", "null"].contains(scalar.string)
        {
            return []
        }
        guard let sequence = node.sequence else {
            error(node, "\(what) must be a list: one '- …' a line, or […]")
            return nil
        }
        guard sequence.count <= 10_000 else {
            error(node, "\(what) has \(sequence.count) entries; at most 10000 are allowed")
            return nil
        }
        return Array(sequence)
    }

    mutating func flag(_ node: Node?, _ what: String) -> Bool? {
        guard let node else { return nil }
        switch node.scalar?.string.lowercased() {
        case "true", "yes", "on": return true
        case "false", "no", "off": return false
        case _:
            error(node, "\(what) must be true or false")
            return nil
        }
    }

    mutating func integer(_ node: Node?, _ what: String, in range: ClosedRange<Int>) -> Int? {
        guard let node else { return nil }
        guard let text = node.scalar?.string, let value = Int(text), range.contains(value) else {
            error(
                node,
                "\(what) must be a whole number from \(range.lowerBound) to \(range.upperBound)"
            )
            return nil
        }
        return value
    }

    mutating func choice(_ node: Node?, _ what: String, among known: [String]) -> String? {
        guard let node else { return nil }
        guard let text = node.scalar?.string, known.contains(text) else {
            let given = node.scalar?.string ?? "that"
            let hint = Suggestion.text(for: given, among: known)
            error(node, "\(what) cannot be '\(Self.shown(given))'\(hint)")
            return nil
        }
        return text
    }

    mutating func bytes(_ node: Node?, _ what: String) -> UInt64? {
        guard let node else { return nil }
        guard let value = node.scalar.flatMap({ Quantities.bytes($0.string) }), value > 0 else {
            error(node, "\(what) must be a size such as 500MB or 1GiB")
            return nil
        }
        return value
    }

    mutating func duration(_ node: Node?, _ what: String) -> UInt64? {
        guard let node else { return nil }
        guard let value = node.scalar.flatMap({ Quantities.nanoseconds($0.string) }), value > 0
        else {
            error(node, "\(what) must be a time with its unit, such as 100ms, 2m or 24h")
            return nil
        }
        return value
    }
}
