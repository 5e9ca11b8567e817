import WiberBase
import WiberNode

/// Messages go for a reason: too many, too large, or too old by a clock that cannot run ahead of the
/// leader's election (rule 15).
extension SafetyChecker {
    /// What separates the checker's clock from the leader's, in nanoseconds, and a body from its
    /// text, in bytes.
    private static let timeSlack: UInt64 = 1_000_000
    private static let bodySlack: UInt64 = 64

    func checkRetention(_ chunk: Chunk, _ view: GroupView, _ world: World) {
        let header = chunk.header
        let first = header.firstSequence.rawValue
        guard let topic = world.ledger.topics[view.name], first > topic.first else { return }
        guard view.name == "short" else { return world.ledger.trimmed(view.name, to: first) }
        defer { world.ledger.trimmed(view.name, to: first) }
        guard let time = topic.time(of: first - 1) else { return }
        let length = UInt64(topic.texts[first - 1]?.count ?? 0) + Self.bodySlack
        let isTooMuch =
            header.liveMessages >= Settings.shortMessages
            || header.liveBytes + length > Settings.shortBytes
        guard !isTooMuch, header.firstSequence > world.purged, let group = groups[view.id],
            let place = group.leaders[header.term],
            let elected = group.elections[header.term]
        else { return }
        let passed = world.time(place).now.since(elected.now).nanoseconds
        let bound = elected.wall.rawValue + passed + Self.timeSlack
        require(
            time + Settings.shortAge < bound,
            "retention",
            "message \(first - 1) of \(view.name) of \(time) has expired, and it is \(bound) at most"
        )
    }
}
