/// A bounded, exhaustive walk through everything that can happen to a small cluster of cores.
package enum Exploration {
    /// Explores within bounds, breadth first; the same bounds give the same report.
    package static func run(
        _ bounds: ExplorationBounds,
        misbehaviour: Misbehaviour? = nil
    ) -> ExplorationReport {
        let world = RaftWorld(bounds: bounds, misbehaviour: misbehaviour)
        var search = StateSearch(from: world, statesMax: bounds.statesMax)
        return search.run()
    }
}
