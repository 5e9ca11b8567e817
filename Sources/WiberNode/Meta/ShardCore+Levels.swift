import WiberBase
import WiberLog
import WiberMeta

/// The cluster's feature level (docs/decisions/0014): what may be written, and who is left behind.
///
/// A level comes into force on a node when the meta entry that raised it is applied, or when another
/// node says in HELLO or a beat that it is. Either way the superblock says so before anything that
/// needs the level is written; and a node says so on each lane before it sends anything that does.
extension ShardCore {
    /// The level of all that this node may write and send.
    var level: FeatureLevel { max(meta.level, store.superblock.level) }

    /// Takes in that the cluster is at a level.
    func noteLevel(_ level: FeatureLevel) {
        guard level > store.superblock.level else { return }
        if let conflict = ownConflict(with: level) { return emit(.fatal("\(conflict)")) }
        store.raise(to: level)
        for place in peers.indices where peers[place].openLane != nil { sendBeat(to: place) }
        // A node that does not know it has no part in the cluster any more.
        for place in peers.indices where peers[place].isPresent && peers[place].id != selfID {
            if let levels = peers[place].levels, levels.max < level { endLanes(place) }
        }
        trace(.info, "the feature level has risen", [("level", "\(level)")])
    }

    /// Why this node cannot work in a cluster at a level; `nil` if it can.
    func ownConflict(with level: FeatureLevel) -> LevelConflict? {
        let isHeld = configuration.levels.max < level && LevelRange.supported.contains(level)
        return LevelConflict(
            node: configuration.nodeName,
            software: configuration.version,
            levels: configuration.levels,
            at: level,
            isHeld: isHeld
        )
    }

    // MARK: As the meta leader

    /// Writes down what a node says of itself, if the log says something else.
    func noteAnnouncements() {
        guard decidesMeta, meta.isFormed else { return }
        for node in meta.nodes where node.storeID != .zero {
            guard let (levels, software) = announced(by: node), levels.max >= meta.level else {
                continue
            }
            let told = meta.level >= .software ? software : nil
            guard node.levels != levels || node.software != told else { continue }
            return propose(.announce(node.id, levels, software: told))
        }
    }

    private func announced(by node: NodeRecord) -> (levels: LevelRange, software: String?)? {
        if node.id == selfID { return (configuration.levels, Self.name(configuration.version)) }
        guard let place = place(of: node.id), peers[place].storeID == node.storeID,
            let levels = peers[place].levels
        else { return nil }
        return (levels, Self.name(peers[place].software))
    }

    private static func name(_ software: String) -> String? {
        SoftwareName.isValid(software) ? software : nil
    }

    /// Raises the level as far as all nodes know, if all of them are there and say so now.
    func raiseLevel() {
        guard decidesMeta, meta.isFormed else { return }
        let next = meta.levelOfAll
        let isMutant = Mutant.levelRaisedEarly.isOn && configuration.levels.max > meta.level
        guard next > meta.level && waiting(for: next) == nil || isMutant else { return }
        propose(.raise(isMutant ? configuration.levels.max : next))
    }

    /// Why the level does not rise, for people; `nil` if nothing is in the way of it or it is as high
    /// as this node knows.
    var levelWaits: String? {
        let next = FeatureLevel(rawValue: meta.level.rawValue &+ 1)
        guard meta.isFormed, LevelRange.supported.contains(next) else { return nil }
        return waiting(for: next)
    }

    /// Waits for the level to rise to what a topic of the configuration needs.
    ///
    /// - Returns: whether that has taken too long.
    func hasWaitedForLevel() -> Bool {
        guard let since = levelWaitedSince else {
            levelWaitedSince = time.now
            return false
        }
        return time.now.since(since) > Self.levelWait
    }

    /// How long a topic of the configuration waits for a higher level, before it is made without what
    /// needs it.
    static let levelWait = Instant.Span.seconds(5)

    private func waiting(for level: FeatureLevel) -> String? {
        for node in meta.nodes where node.storeID != .zero {
            let place = place(of: node.id)
            let levels =
                node.id == selfID ? configuration.levels : place.flatMap { peers[$0].levels }
            let isDown = place.map { peers[$0].health != .alive } ?? (node.id != selfID)
            if node.isLeaving {
                // It still follows, unless it is gone for good.
                guard isDown || levels.map({ $0.max >= level }) ?? false else {
                    return "\(node.name) is on its way out of the cluster and does not know it"
                }
                continue
            }
            if isDown { return "\(node.name) is not up" }
            guard let levels, let told = node.levels else {
                return "\(node.name) has not said which it knows"
            }
            guard levels.max >= level, told.max >= level else {
                return "\(node.name) knows \(levels)"
            }
        }
        return nil
    }

    // MARK: What there is to see

    func levelMetrics() -> [Metric] {
        let figures: [(String, String, FeatureLevel)] = [
            (
                "wiber_feature_level",
                "What all nodes of the cluster understand, as far as this one knows.", level
            ),
            (
                "wiber_feature_level_max", "The highest level at which this node can work.",
                configuration.levels.max
            ),
        ]
        return figures.map { name, help, level in
            Metric(name: name, help: help, kind: .gauge, labels: [], value: Double(level.rawValue))
        }
    }
}
