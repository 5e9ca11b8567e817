/// Finds what somebody may have meant.
enum Suggestion {
    /// `; did you mean 'x'?`, or which ones there are.
    static func text(for word: String, among known: [String]) -> String {
        let best = known.map { ($0, distance(word.lowercased(), $0.lowercased())) }
            .min { $0.1 < $1.1 }
        if let best, best.1 <= max(1, word.count / 3) { return "; did you mean '\(best.0)'?" }
        return "; known are " + known.joined(separator: ", ")
    }

    /// How many letters must be added, removed, replaced or swapped with their neighbour
    /// (optimal string alignment), of the first 64.
    static func distance(_ left: String, _ right: String) -> Int {
        let (left, right) = (Array(left.prefix(64)), Array(right.prefix(64)))
        var before: [Int] = []
        var above = Array(0...right.count)
        for (place, letter) in left.enumerated() {
            var row = [place + 1]
            for (column, other) in right.enumerated() {
                var best = above[column] + (letter == other ? 0 : 1)
                best = min(best, above[column + 1] + 1, row[column] + 1)
                if place > 0, column > 0, letter == right[column - 1], other == left[place - 1] {
                    best = min(best, before[column - 1] + 1)
                }
                row.append(best)
            }
            before = above
            above = row
        }
        return above[right.count]
    }
}
