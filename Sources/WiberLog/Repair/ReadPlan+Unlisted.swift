import WiberBase

/// Reads for other replicas from a group that is impaired: memory does not know its files, so
/// their names say which one to read, from its first chunk on.
extension ReadPlan {
    /// Whether ``path`` is a directory.
    var isUnlisted: Bool { place == nil && trailer == nil }

    /// The file in which the entry should be.
    func unlistedFile(on disk: any Disk) throws(LogError) -> String {
        var names: [String] = []
        do throws(DiskError) {
            names = try disk.list(path)
        } catch {
            throw .disk(error)
        }
        guard case .index(let index) = start else {
            throw .damaged([Damage(path: path, what: "the group is being repaired")])
        }
        let files = names.compactMap { SegmentName($0) }.filter { $0.baseIndex <= index }
        guard let file = files.max(by: { ($0.baseIndex, $0.rewrite) < ($1.baseIndex, $1.rewrite) })
        else {
            throw .damaged([Damage(path: path, what: "no file has entry \(index)")])
        }
        return path + "/" + file.text
    }
}

extension LogStore {
    func unlistedPlan(
        _ log: GroupLog,
        from index: LogIndex,
        _ byteBudget: Int
    ) -> ReadPlan {
        ReadPlan(
            path: log.directory,
            group: log.id,
            start: .index(index),
            byteBudget: byteBudget,
            place: nil,
            trailer: nil,
            end: .max,
            sparseInterval: options.sparseInterval
        )
    }
}
