/// Finds what somebody may have meant.
enum Suggestion {
    /// `; did you mean 'x'?`, or which ones there are.
    static func text(for word: String, among known: [String]) -> String {
        let best = known.map { ($0, distance(word.lowercased(), $0.lowercased())) }
            .min { $0.1 < $1.1 }
        if let best, best.1 <= max(1, word.count / 3) { return "; did you mean '\(best.0)'?" }
        return "; known are " + known.joined(separator: ", ")
    }

    /// How many letters must be added, removed or replaced (Levenshtein).
    static func distance(_ left: String, _ right: String) -> Int {
        let (left, right) = (Array(left.prefix(64)), Array(right.prefix(64)))
        var row = Array(0...right.count)
        for (place, letter) in left.enumerated() {
            var diagonal = row[0]
            row[0] = place + 1
            for column in right.indices {
                let above = row[column + 1]
                let replaced = diagonal + (letter == right[column] ? 0 : 1)
                row[column + 1] = min(replaced, above + 1, row[column] + 1)
                diagonal = above
            }
        }
        return row[right.count]
    }
}
