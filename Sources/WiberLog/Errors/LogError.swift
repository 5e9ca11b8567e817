/// One thing on disk that is not what it was when it was written.
public struct Damage: Error, Hashable, Sendable, CustomStringConvertible {
    /// The file, relative to the data directory.
    public var path: String
    /// Where in the file, in bytes; `nil` if it is about the whole file.
    public var offset: Int?
    /// What is wrong.
    public var what: String
    /// How it can be put right; `nil` if that is not known.
    public var cure: Cure?

    /// Something damaged.
    public init(path: String, offset: Int? = nil, what: String, cure: Cure? = nil) {
        self.path = path
        self.offset = offset
        self.what = what
        self.cure = cure
    }

    /// Where, and what.
    public var description: String {
        guard let offset else { return "\(path): \(what)" }
        return "\(path) at byte \(offset): \(what)"
    }
}

/// Why a log cannot be opened or read.
public enum LogError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A system call failed.
    case disk(DiskError)
    /// What is on disk is damaged: the node must not vote or answer with it.
    case damaged([Damage])
    /// The directory belongs to another node.
    case wrongNode(found: String, expected: String)
    /// The directory was written by a version that this one does not know.
    case unknownFormat(UInt64, by: String)
    /// The directory is of a cluster at a feature level that this binary cannot work at.
    case level(LevelRefusal)

    /// What is wrong, and what to do.
    public var description: String {
        switch self {
        case .disk(let error): "\(error)"
        case .damaged(let list):
            "the data directory is damaged: "
                + list.prefix(8).map(\.description).joined(separator: "; ")
                + (list.count > 8 ? "; and \(list.count - 8) more" : "")
                + ". The node does not start with it, because it could break promises that it"
                + " made. `wiber data check DIR` lists all of it. Restore the directory from a"
                + " backup, or set it aside and let this replica join again with an empty one"
                + " under a new node id"
        case .wrongNode(let found, let expected):
            "the data directory belongs to node \(found), not to \(expected): use the directory"
                + " of \(expected), or start node \(found)"
        case .unknownFormat(let version, let writer):
            "the data directory has format \(version), and this binary knows formats up to"
                + " \(Superblock.formatVersion): use the release that wrote it"
                + (writer.isEmpty ? "" : ", wiber \(writer)") + ", or a newer one"
        case .level(let refusal): "\(refusal)"
        }
    }
}
