/// What helps against damage.
public enum Remedy: String, Sendable {
    /// The next start puts it right, and so does ``LogRepair``.
    case start
    /// The node starts, and other replicas have what is missing.
    case replicas
    /// Nothing here: the node refuses to start.
    case none

    /// The same for people.
    public var text: String {
        switch self {
        case .start: "the next start repairs it"
        case .replicas: "the next start fetches it from the other replicas"
        case .none: "the node refuses to start with this"
        }
    }
}

/// One damage, and what helps against it.
public struct Finding: Hashable, Sendable {
    /// What is damaged.
    public var damage: Damage
    /// What helps.
    public var remedy: Remedy

    init(_ damage: Damage, _ remedy: Remedy) {
        self.damage = damage
        self.remedy = remedy
    }
}

extension Damage {
    /// What helps, as far as the damage itself says.
    var remedy: Remedy {
        switch cure {
        case .entry, .file: .replicas
        case .bytes: .start
        case nil: .none
        }
    }
}
