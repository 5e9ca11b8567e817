import WiberBase
import WiberLog
import WiberNode

/// What a seed draws its faults from: everything, or much of a kind, for bugs that need a rare order
/// of events.
package enum Scenario: String, CaseIterable, Sendable {
    /// Anything, in measure: what `./dev check` runs.
    case swarm
    /// The power fails, and processes die in the middle of writes.
    case power
    /// Data is damaged: of one node until it is whole, or of each replica elsewhere.
    case damage
    /// Leaders die and are cut off while clocks differ.
    case leaders
    /// Processes are killed and back at once while much is under way.
    case restarts
    /// A node's disk is replaced by an empty one while others come and go, often as the cluster forms.
    case wipes
    /// Nodes are away for long while a topic with retention moves on, and some are damaged: they need
    /// snapshots.
    case absences
    /// Topics move between nodes and come and go, while processes die and networks fail.
    case moves
    /// Messages go from the middle of a topic, while processes die, networks fail and data is damaged.
    case removals
    /// Nodes join, leave and are replaced, while processes die and networks fail.
    case nodes
    /// Nodes go over to other releases and back, while others join and leave, processes die and
    /// networks fail.
    case upgrades

    /// Kinds of fault, as often as they are listed; `nil`: a seed draws them.
    var kinds: [Fault.Kind]? {
        switch self {
        case .swarm: nil
        case .power: [.powerCut, .powerCut, .powerCut, .powerCutAll, .crashAtEffect, .failedSync]
        case .damage:
            [
                .rot, .rot, .rot, .staleSector, .misdirected, .lostEnd, .lostFile, .kill, .kill,
                .powerCut, .hungDisk, .isolate, .lostPromise, .rotEverywhere, .rotAlone,
            ]
        case .leaders:
            [
                .kill, .isolate, .oneWay, .pause, .stall, .stall, .clockJump, .crashAtEffect,
                .transfer,
            ]
        case .restarts: [.kill, .kill, .kill, .shutdown, .reset, .slowDisk]
        case .wipes: [.wipe, .wipe, .lostFounder, .kill, .isolate, .powerCut, .reset]
        case .absences:
            [
                .kill, .kill, .isolate, .isolate, .pause, .powerCut, .crashAtEffect, .hungDisk,
                .rot, .rot, .lostEnd, .lostFile, .cutAtInstall,
            ]
        case .moves:
            [
                .move, .move, .move, .move, .move, .scratch, .drain, .purge, .kill, .kill, .isolate,
                .pause, .powerCut, .crashAtEffect, .transfer, .reset, .stall, .cutAtInstall,
                .split,
            ]
        case .nodes:
            [
                .addNode, .addNode, .addNode, .removeNode, .removeNode, .replaceNode,
                .replaceNode, .loseNode, .kill, .kill, .isolate, .pause, .powerCut, .crashAtEffect,
                .transfer, .reset, .stall, .split, .shutdown,
            ]
        case .upgrades:
            [
                .upgrade, .upgrade, .upgrade, .upgrade, .downgrade, .downgrade, .kill, .isolate,
                .pause, .powerCut, .powerCut, .crashAtEffect, .transfer, .reset, .stall, .split,
                .shutdown, .addNode, .addNode, .replaceNode, .removeNode,
            ]
        case .removals:
            [
                .remove, .remove, .remove, .remove, .remove, .purge, .kill, .kill, .isolate, .pause,
                .powerCut, .powerCutAll, .crashAtEffect, .transfer, .reset, .stall, .rot, .rot,
                .lostFile, .cutAtInstall,
            ]
        }
    }

    /// Between two faults on average, in nanoseconds; `nil`: a seed draws it.
    var pace: UInt64? {
        switch self {
        case .swarm: nil
        case .power, .damage, .restarts: 500_000_000
        case .moves, .removals, .nodes, .upgrades: 700_000_000
        case .leaders, .wipes, .absences: 1_000_000_000
        }
    }

    /// When the first fault may come, in nanoseconds of true time.
    var start: UInt64 { self == .wipes ? 1_010_000_000 : FaultPlan.start }

    /// Between two faults on average at a certain time: short while a cluster forms, if that is when
    /// it hurts.
    func pause(at time: UInt64, _ mean: UInt64) -> UInt64 {
        self == .wipes && time < 2_500_000_000 ? 100_000_000 : mean
    }

    /// The longest that a fault lasts, in nanoseconds; `nil`: each fault draws it.
    var lengthMax: UInt64? {
        switch self {
        case .swarm: nil
        case .power, .damage: 500_000_000
        case .restarts: 100_000_000
        case .leaders, .wipes, .moves, .removals, .nodes, .upgrades: 2_000_000_000
        case .absences: 8_000_000_000
        }
    }

    /// Changes what a seed has drawn.
    func adjust(_ settings: inout Settings, _ random: inout RandomSource) {
        switch self {
        case .swarm, .power, .damage, .wipes: break
        case .leaders:
            for place in settings.clock.wallAhead.indices {
                settings.clock.wallAhead[place] = Int64(random.draw(0...10_000_000_000))
            }
            settings.workload.pause = 10_000_000...200_000_000
        case .restarts:
            settings.disk.job = 2_000_000...20_000_000
            settings.workload.pause = 5_000_000...100_000_000
        case .upgrades:
            settings.levelsVary = true
            settings.spares = Int(random.draw(1...4))
            settings.limits.replicaAbsence = .milliseconds(random.draw(100...2_000))
            settings.workload.pause = 10_000_000...200_000_000
        case .nodes:
            settings.spares = Int(random.draw(4...7))
            settings.sparesOnlyJoin = random.chance(perMille: 500)
            settings.limits.replicaAbsence = .milliseconds(random.draw(100...2_000))
            settings.workload.pause = 10_000_000...200_000_000
            settings.hasTags = random.chance(perMille: 400)
        case .moves:
            settings.limits.replicaAbsence = .milliseconds(random.draw(100...2_000))
            settings.workload.pause = 10_000_000...200_000_000
            settings.hasTags = random.chance(perMille: 400)
        case .removals:
            settings.keysMax = random.pick([1, 1, 2, 5, nil] as [UInt64?]) ?? nil
            // So that segments close, and those of which little is left are written anew.
            if random.chance(perMille: 700) { settings.log.segmentSize = 4 << 10 }
            settings.limits.rewritePause = .milliseconds(random.draw(50...2_000))
            settings.limits.replicaAbsence = .milliseconds(random.draw(100...2_000))
            settings.workload.pause = 10_000_000...200_000_000
            let lives = [nil, nil, 1_000_000_000, 3_000_000_000, 8_000_000_000] as [UInt64?]
            settings.keysLife = random.pick(lives) ?? nil
            settings.keysFloor = random.pick([nil, nil, 20, 100] as [UInt64?]) ?? nil
            if let most = settings.keysMax, settings.keysFloor == nil,
                random.chance(perMille: 500)
            {
                let others = Settings.subjects - 1
                settings.keysQuota = Settings.subjects * (most - 1) + random.draw(1...others)
            }
        case .absences:
            settings.limits.replicaAbsence = .milliseconds(random.draw(100...2_000))
            settings.log.segmentSize = 4 << 10
            settings.workload.pause = 10_000_000...100_000_000
            settings.workload.padding = 400
        }
    }
}
