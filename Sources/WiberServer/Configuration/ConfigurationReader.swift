import Yams

/// Takes values out of YAML and remembers everything that is wrong, with its place.
struct ConfigurationReader {
    private(set) var errors: [ConfigurationProblem] = []
    private(set) var warnings: [ConfigurationProblem] = []

    mutating func error(_ node: Node?, _ text: String) {
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
                error(key, "unknown key '\(name.prefix(64))' in \(what)\(hint)")
            } else if fields.updateValue(value, forKey: name) != nil {
                error(key, "the key '\(name)' is given twice in \(what): keep one")
            }
        }
        return fields
    }

    mutating func text(_ node: Node?, _ what: String) -> String? {
        guard let node else { return nil }
        guard let text = node.scalar?.string, !text.isEmpty else {
            error(node, "\(what) must be text")
            return nil
        }
        return text
    }

    mutating func list(_ node: Node?, _ what: String) -> [Node]? {
        guard let node else { return nil }
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
            error(node, "\(what) cannot be '\(given.prefix(64))'\(hint)")
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
