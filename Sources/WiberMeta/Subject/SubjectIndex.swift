import WiberBase

/// Which topic captures a subject.
///
/// A subject is tokens between dots. In a pattern `*` stands for one token, and `>` at the end for
/// one or more. Where patterns of several topics match, the oldest topic has the subject. Patterns
/// are kept by their first token, so that a look-up meets only a few of them.
struct SubjectIndex: Sendable {
    private struct Pattern: Equatable, Sendable {
        var group: GroupID
        var tokens: [Substring]
    }

    /// Under the first token, or under the wildcard that is the first token.
    private var patterns: [Substring: [Pattern]] = [:]

    mutating func insert(_ pattern: String, _ group: GroupID) {
        let tokens = Self.tokens(pattern)
        patterns[tokens[0], default: []].append(Pattern(group: group, tokens: tokens))
    }

    mutating func remove(_ pattern: String, _ group: GroupID) {
        let tokens = Self.tokens(pattern)
        patterns[tokens[0]]?.removeAll { $0.group == group && $0.tokens == tokens }
        if patterns[tokens[0]]?.isEmpty ?? false { patterns[tokens[0]] = nil }
    }

    /// The oldest topic with a pattern that matches; `nil` also if `subject` is none.
    func group(capturing subject: String) -> GroupID? {
        let tokens = Self.tokens(subject)
        guard tokens.allSatisfy({ !$0.isEmpty && $0 != "*" && $0 != ">" }) else { return nil }
        var oldest: GroupID?
        for first in [tokens[0], "*", ">"] {
            for pattern in patterns[first] ?? [] where oldest.map({ pattern.group < $0 }) ?? true {
                if Self.matches(pattern.tokens, tokens) { oldest = pattern.group }
            }
        }
        return oldest
    }

    /// The oldest other topic that may capture a subject that `pattern` captures, too.
    func group(overlapping pattern: String, except group: GroupID?) -> GroupID? {
        let tokens = Self.tokens(pattern)
        let isOpen = tokens[0] == "*" || tokens[0] == ">"
        let candidates =
            isOpen
            ? patterns.values.flatMap { $0 }
            : [tokens[0], "*", ">"].flatMap { patterns[$0] ?? [] }
        return candidates.lazy.filter { $0.group != group && Self.overlap($0.tokens, tokens) }
            .map(\.group).min()
    }

    private static func overlap(_ one: [Substring], _ other: [Substring]) -> Bool {
        for (left, right) in zip(one, other) {
            if left == ">" || right == ">" { return true }
            guard left == right || left == "*" || right == "*" else { return false }
        }
        return one.count == other.count
    }

    /// At least one token, if only an empty one.
    private static func tokens(_ text: String) -> [Substring] {
        text.split(separator: ".", omittingEmptySubsequences: false)
    }

    private static func matches(_ pattern: [Substring], _ tokens: [Substring]) -> Bool {
        for (place, part) in pattern.enumerated() {
            if part == ">" { return place == pattern.count - 1 && tokens.count > place }
            guard place < tokens.count, part == "*" || part == tokens[place] else { return false }
        }
        return pattern.count == tokens.count
    }
}
