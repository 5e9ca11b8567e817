/// A bounded, exhaustive check of the rules by which three replicas keep their promises on disks
/// that forget, tear and rot.
///
/// The promises: nothing acknowledged is lost, no vote is forgotten, nobody leads a term that
/// another leads, and no replica refuses to start unless something has rotted.
///
/// The disks, the recovery and the repair are those of the storage rules; elections and replication
/// are Raft's in a simple, abstract form.
package enum StorageModel {
    /// Explores within bounds, breadth first; the same bounds give the same report.
    package static func run(
        _ bounds: StorageBounds,
        breaking rule: StorageRule? = nil
    ) -> ExplorationReport {
        let world = StorageWorld(bounds: bounds, broken: rule)
        var search = StateSearch(from: world, statesMax: bounds.statesMax)
        return search.run()
    }
}
