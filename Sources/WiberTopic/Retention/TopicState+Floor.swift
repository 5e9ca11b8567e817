import WiberBase

/// The floor: from it on messages stay, whatever limits say and whoever asks.
///
/// 1. Limits of age, bytes, messages and subjects, and times to live, take what is before it only.
/// 2. What a person or a publisher asks for is refused if it would take more.
/// 3. It is what the leader knows of the topic's configuration when it decides: a floor that comes later
///    brings nothing back.
extension TopicState {
    /// The first message that must stay; no message has the sequence if there is no floor.
    var floor: Sequence { Sequence(configuration.keepFrom ?? .max) }

    /// Whether a command would take messages that the floor keeps, if they are there.
    public func reachesFloor(_ command: TopicCommand) -> Bool {
        switch command {
        case .purge(let before): min(before, tail.nextSequence) > floor
        case .keep(let count):
            start(ofNewest: count, in: tail) { removals.takenCount(from: $0, to: $1) } > floor
        case .purgeSubject(let purge): min(purge.before, tail.nextSequence) > floor
        case .remove(let sequence): sequence >= floor
        case .erase(let sequence): sequence >= floor && isLive(sequence)
        case .importBlock: false
        }
    }

    /// Whether a publish would take messages along that the floor keeps.
    func reachesFloor(_ rollup: PublishConditions.Rollup?, _ body: MessageBody) -> Bool {
        switch rollup {
        case nil: false
        case .all: openNext > floor
        case .subject: newestSequence(or: body) >= floor
        }
    }
}
