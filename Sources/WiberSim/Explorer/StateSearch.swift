/// Breadth first through a state space, so that the way to a violation is a shortest one.
package struct StateSearch<Space: StateSpace> {
    /// How a state was first reached.
    private struct Step {
        /// The number of the state before it; the start has none.
        var parent: Int
        var action: Space.Action
    }

    private let start: Space
    private let statesMax: Int
    /// By state number, from 1 on; the start is number 0.
    private var steps: [Step] = []
    private var seen: Set<StateHash>
    private var report = ExplorationReport()

    /// A search from `start` that gives up after `statesMax` different states.
    package init(from start: Space, statesMax: Int) {
        self.start = start
        self.statesMax = statesMax
        seen = [start.stateHash]
    }

    /// Searches until a promise is broken, everything was seen, or the limit is reached.
    package mutating func run() -> ExplorationReport {
        report.states = 1
        var frontier = [(number: 0, space: start)]
        while !frontier.isEmpty {
            var next: [(number: Int, space: Space)] = []
            for (number, space) in frontier where !expand(number, space, &next) { return report }
            if !next.isEmpty { report.depth += 1 }
            frontier = next
        }
        report.isComplete = true
        return report
    }

    /// - Returns: whether to go on.
    private mutating func expand(
        _ number: Int,
        _ space: Space,
        _ next: inout [(number: Int, space: Space)]
    ) -> Bool {
        for action in space.actions {
            var successor = space
            successor.perform(action)
            report.transitions += 1
            if let violation = successor.violation {
                steps.append(Step(parent: number, action: action))
                report.violation = ExplorationViolation(
                    promise: violation,
                    trace: trace(to: steps.count)
                )
                return false
            }
            guard seen.insert(successor.stateHash).inserted else { continue }
            guard report.states < statesMax else { return false }
            steps.append(Step(parent: number, action: action))
            report.states += 1
            next.append((steps.count, successor))
        }
        return true
    }

    /// Walks the way to a state once more, and tells it.
    private func trace(to last: Int) -> [String] {
        var actions: [Space.Action] = []
        var number = last
        while number > 0 {
            actions.append(steps[number - 1].action)
            number = steps[number - 1].parent
        }
        var lines: [String] = []
        var space = start
        for (place, action) in actions.reversed().enumerated() {
            lines.append("\(place + 1). \(space.describe(action))")
            let before = space
            space.perform(action)
            for line in space.changes(since: before) { lines.append("     \(line)") }
        }
        return lines
    }
}
