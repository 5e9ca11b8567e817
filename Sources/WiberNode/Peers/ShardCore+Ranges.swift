import WiberBase
import WiberLog
import WiberWire

/// What nodes tell each other in HELLO of what they can, and whether that is enough.
extension ShardCore {
    /// Takes in what a node says that it can.
    func take(
        _ wire: WireVersions,
        _ levels: LevelRange,
        _ software: String,
        from place: Int
    ) {
        peers[place].wire = wire
        peers[place].wireVersion = configuration.wire.common(with: wire) ?? peers[place].wireVersion
        peers[place].levels = levels
        peers[place].software = SoftwareName.isValid(software) ? software : ""
    }

    /// Why this node cannot talk to another one; `nil` if both speak a version.
    func wireRefusal(of wire: WireVersions, _ node: String) -> String? {
        configuration.wire.common(with: wire) == nil
            ? WireVersions.conflict(node, wire, configuration.nodeName, configuration.wire) : nil
    }

    /// Remembers for `/healthz` that the others are at a level at which this node cannot work.
    func noteConflict(with level: FeatureLevel) {
        if let conflict = ownConflict(with: level) { versionRefusal = "\(conflict)" }
    }

    /// Why one of this node and another one has no part in the cluster; `nil` if both know its level.
    func levelRefusal(of hello: Hello) -> String? {
        let theirs = LevelConflict(
            node: hello.node,
            software: SoftwareName.isValid(hello.software) ? hello.software : "",
            levels: hello.levels,
            at: level
        )
        return (theirs ?? ownConflict(with: max(level, hello.level)))?.description
    }
}
