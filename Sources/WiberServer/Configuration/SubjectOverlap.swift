/// Finds two patterns that some subject matches both.
struct SubjectOverlap {
    private struct Pattern {
        var words: [Substring]
        var text: String
        var topic: String
    }

    /// By their first word, so that topics with names of their own are not compared at all.
    private var patterns: [Substring: [Pattern]] = [:]
    /// Those that begin with a wildcard.
    private var wild: [Pattern] = []

    /// Remembers a pattern.
    ///
    /// - Returns: a pattern of another topic that overlaps it.
    mutating func add(_ text: String, of topic: String) -> (text: String, topic: String)? {
        let pattern = Pattern(words: text.split(separator: "."), text: text, topic: topic)
        guard let first = pattern.words.first else { return nil }
        let isWild = first == "*" || first == ">"
        let near = isWild ? patterns.values.flatMap { $0 } : patterns[first] ?? []
        let taken = (near + wild).first {
            $0.topic != topic && Self.overlap($0.words, pattern.words)
        }
        if isWild { wild.append(pattern) } else { patterns[first, default: []].append(pattern) }
        return taken.map { ($0.text, $0.topic) }
    }

    /// Whether some subject matches both patterns.
    static func overlap(_ left: String, _ right: String) -> Bool {
        overlap(left.split(separator: "."), right.split(separator: "."))
    }

    private static func overlap(_ left: [Substring], _ right: [Substring]) -> Bool {
        for place in 0..<max(left.count, right.count) {
            guard place < left.count, place < right.count else { return false }
            if left[place] == ">" || right[place] == ">" { return true }
            guard left[place] == "*" || right[place] == "*" || left[place] == right[place] else {
                return false
            }
        }
        return true
    }
}
