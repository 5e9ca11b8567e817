import Foundation
import WiberServer

/// A line on standard error that grows, if somebody looks.
struct ProgressBar {
    private let what: String
    private let goal: Int?
    private let start = ContinuousClock.now
    private var shownAt = ContinuousClock.now
    private var isShown = false

    /// Counts `what`; with a goal there is a bar and the time that is left.
    init(what: String, goal: Int? = nil) {
        self.what = what
        self.goal = goal
    }

    /// Shows a count, at most ten times a second.
    mutating func show(_ count: Int) {
        let now = ContinuousClock.now
        guard now - shownAt > .milliseconds(100), Terminal.isInteractive else { return }
        shownAt = now
        isShown = true
        let rate = Double(count) / max(0.001, (now - start) / .seconds(1))
        var text = "\(count) \(what), \(Int(rate))/s"
        if let goal, goal > 0, rate > 0 {
            let share = min(1, Double(count) / Double(goal))
            let filled = Int(share * 30)
            let bar = String(repeating: "#", count: filled).padding(
                toLength: 30,
                withPad: ".",
                startingAt: 0
            )
            text = "[\(bar)] \(Int(share * 100)) %  \(text), \(Int(Double(goal - count) / rate)) s"
        }
        Terminal.write("\r" + text + "\u{1B}[K")
    }

    /// Removes the line.
    mutating func finish() {
        if isShown { Terminal.write("\r\u{1B}[K") }
        isShown = false
    }
}
