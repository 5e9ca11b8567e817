/// What an exploration saw; how long it took is for the caller to know.
package struct ExplorationReport: Equatable, Sendable, CustomStringConvertible {
    /// Different states, the first one included.
    package var states = 0
    /// Things that happened, also those that led to a state that was known.
    package var transitions = 0
    /// The most things that happened one after the other.
    package var depth = 0
    /// Whether everything within the bounds was seen.
    package var isComplete = false
    /// `nil` if all promises held.
    package var violation: ExplorationViolation?

    /// Two lines at most, and the trace of a violation.
    package var description: String {
        let extent = isComplete ? "all" : "not all"
        let counts = "\(states) states, \(transitions) transitions, depth \(depth), \(extent) seen"
        guard let violation else { return counts }
        return "\(counts)\n\(violation)"
    }
}

/// A broken promise and a shortest way to it.
package struct ExplorationViolation: Equatable, Sendable, CustomStringConvertible {
    /// What does not hold.
    package var promise: String
    /// What happened, a numbered line each, and what that changed.
    package var trace: [String]

    /// The promise, then the trace.
    package var description: String { ([promise] + trace).joined(separator: "\n") }
}
