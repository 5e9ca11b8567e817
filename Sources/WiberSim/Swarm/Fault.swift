import WiberBase

/// Something that goes wrong at a certain time, and how long it lasts.
package struct Fault: Sendable {
    /// What goes wrong.
    package enum Kind: String, CaseIterable, Sendable {
        case kill, crashAtEffect, powerCut, powerCutAll, pause, shutdown
        case isolate, oneWay, split, partial, reset, stall
        case slowDisk, hungDisk, failedSync, fullDisk, unreadable
        case clockJump
        /// Somebody wants another node to lead a topic.
        case transfer
        /// Somebody wants other nodes to hold a topic; somebody makes or deletes one that no client
        /// uses; somebody drains a node for a while; somebody removes messages. Scenarios only.
        case move, scratch, drain, purge
        /// A node joins, leaves, or is replaced by another one, which may have its name; a node is
        /// lost for good, and replaced. Scenarios only.
        case addNode, removeNode, replaceNode, loseNode
        /// A node gets a release that knows more, or less. Scenarios only.
        case upgrade, downgrade
        /// Somebody removes messages from the middle of a topic. Scenarios only.
        case remove
        case rot, staleSector, misdirected, lostEnd, lostFile, wipe
        /// A node loses what it alone has acknowledged: its leader's disk hangs, the others are cut
        /// off, and come back when it is started without its newest log file. Scenarios only.
        case lostPromise
        /// See ``World/loseFounder(_:until:)``. Scenarios only.
        case lostFounder
        /// The power fails as soon as a snapshot has taken the place of a log. Scenarios only.
        case cutAtInstall
        /// See ``World/rotEverywhere(_:)`` and ``World/rotAlone(_:_:)``. The latter in scenarios only.
        case rotEverywhere, rotAlone

        /// Whether it damages data that was on the disk.
        var isDamage: Bool {
            switch self {
            case .rot, .staleSector, .misdirected, .lostEnd, .lostFile, .wipe, .lostPromise,
                .lostFounder, .rotEverywhere, .rotAlone:
                true
            case .kill, .crashAtEffect, .powerCut, .powerCutAll, .pause, .shutdown, .isolate,
                .oneWay, .split, .partial, .reset, .stall, .slowDisk, .hungDisk, .failedSync,
                .fullDisk, .unreadable, .clockJump, .transfer, .move, .scratch, .drain, .purge,
                .remove, .cutAtInstall, .addNode, .removeNode, .replaceNode, .loseNode,
                .upgrade, .downgrade:
                false
            }
        }
    }

    /// Its place in the plan: what ``SimulationOptions/without`` names.
    package var number: Int
    package var kind: Kind
    /// When, in nanoseconds of true time.
    package var at: UInt64
    /// How long, in nanoseconds; for a process that ended: how long it stays down at least.
    package var length: UInt64
    /// What its details are drawn from.
    var seed: UInt64
}

/// All faults of a seed, in order.
struct FaultPlan {
    /// When faults begin and end, in nanoseconds of true time.
    static let start: UInt64 = 1_500_000_000
    static let end: UInt64 = 46_000_000_000

    var faults: [Fault] = []

    /// Draws which kinds are on, how often they come, and when.
    init(drawing settings: Settings) {
        var random = RandomSource(seed: settings.seed &* 0x51_7cc1 &+ 3)
        let scenario = settings.scenario
        let kinds = scenario.kinds ?? Self.kinds(settings, &random)
        let mean =
            scenario.pace ?? random.pick([1_000_000_000, 2_000_000_000, 3_000_000_000] as [UInt64])
            ?? 2_000_000_000
        var time = scenario.start + random.draw(0...scenario.pause(at: scenario.start, mean))
        while time < Self.end, let kind = random.pick(kinds) {
            let longest =
                scenario.lengthMax ?? (random.pick([500, 2_000, 6_000] as [UInt64]) ?? 500)
                * 1_000_000
            faults.append(
                Fault(
                    number: faults.count,
                    kind: kind,
                    at: time,
                    length: random.draw(50_000_000...longest),
                    seed: random.next()
                )
            )
            let pause = scenario.pause(at: time, mean)
            time += random.draw(pause / 4...pause * 2)
        }
    }

    private static func isForScenarios(_ kind: Fault.Kind) -> Bool {
        switch kind {
        case .lostPromise, .lostFounder, .rotAlone, .cutAtInstall, .move, .scratch, .drain, .remove,
            .addNode, .removeNode, .replaceNode, .loseNode, .upgrade, .downgrade:
            true
        default: false
        }
    }

    /// Kinds that are on; those that change leaders come often, so that there is life.
    private static func kinds(_ settings: Settings, _ random: inout RandomSource) -> [Fault.Kind] {
        var kinds: [Fault.Kind] = [.kill, .kill]
        let hasDamage = settings.nodes > 1 && random.chance(perMille: 250)
        for kind in Fault.Kind.allCases where !Self.isForScenarios(kind) {
            if kind.isDamage {
                guard hasDamage, random.chance(perMille: 400) else { continue }
            } else {
                guard random.chance(perMille: 600) else { continue }
            }
            kinds.append(kind)
            if [.kill, .pause, .isolate, .powerCut, .crashAtEffect].contains(kind) {
                kinds.append(kind)
            }
        }
        return kinds
    }
}
