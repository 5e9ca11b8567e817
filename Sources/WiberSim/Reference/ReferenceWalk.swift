import WiberBase
import WiberRaft

/// A random walk of real cores over a network that loses, repeats and reorders, in which a reference
/// follows each step of each core; the same seed gives the same walk.
package struct ReferenceWalk {
    /// What a walk saw.
    package struct Report: Equatable, Sendable, CustomStringConvertible {
        /// Steps of cores that were followed.
        package var steps = 0
        /// Leaders that were elected.
        package var elections = 0
        /// How often a commit index rose.
        package var commits = 0
        /// How often an observation was falsified.
        package var mutations = 0
        /// What was refused; `nil` if nothing was.
        package var refusal: String?

        /// Nothing yet.
        package init() {}

        /// One line.
        package var description: String {
            "\(steps) steps, \(elections) elections, \(commits) commits, \(mutations) falsified"
                + (refusal.map { ": \($0)" } ?? "")
        }
    }

    private var world: RaftWorld
    private var random: RandomSource

    private init(
        seed: UInt64,
        nodes: Int,
        mutation: ObservationMutation?,
        misbehaviour: Misbehaviour?
    ) {
        var bounds = ExplorationBounds()
        bounds.nodes = nodes
        bounds.termMax = 1 << 40
        bounds.entriesMax = 1 << 40
        bounds.lettersMax = 12 * nodes
        bounds.crashesMax = .max
        bounds.dropsMax = .max
        bounds.duplicatesMax = .max
        bounds.timeoutsMax = .max
        bounds.resignationsMax = .max
        bounds.retriesMax = .max
        bounds.isPreVoteAtOnce = false
        bounds.isMembershipFixed = seed % 2 == 0
        world = RaftWorld(bounds: bounds, misbehaviour: misbehaviour)
        world.references = ReferenceCluster(
            world.replicas.map(\.value.id),
            mutation: mutation
        )
        random = RandomSource(seed: seed)
    }

    /// Walks until so many things have happened or something is refused.
    package static func run(
        seed: UInt64,
        nodes: Int,
        actions: Int,
        mutation: ObservationMutation? = nil,
        misbehaviour: Misbehaviour? = nil
    ) -> Report {
        var walk = ReferenceWalk(
            seed: seed,
            nodes: nodes,
            mutation: mutation,
            misbehaviour: misbehaviour
        )
        for _ in 0..<actions where walk.world.violation == nil { walk.act() }
        var report = Report()
        report.refusal = walk.world.violation
        if let references = walk.world.references {
            report.steps = references.steps
            report.elections = references.elections
            report.commits = references.commits
            report.mutations = references.mutations
        }
        return report
    }

    /// Something happens: most often something useful.
    private mutating func act() {
        let wish = Wish(random.draw(0...999))
        let place = random.place(world.replicas.count)
        switch wish {
        case .transfer: world.step(place, .transfer(to: nil))
        case .read: world.step(place, .readIndex(context: random.next()))
        case .change: changeConfiguration(place)
        case .deliver, .write, .propose, .timeout, .retry, .lose, .crash, .resign, .restart:
            let actions = world.actions
            let wanted = actions.filter { wish == Wish($0) }
            guard let action = random.pick(wanted) else {
                guard let letter = random.pick(actions.filter { Wish($0) == .deliver }) else {
                    return
                }
                return world.perform(letter)
            }
            world.perform(action)
        }
    }

    private mutating func changeConfiguration(_ place: Int) {
        let voters = world.replicas.map(\.value.id).filter { _ in random.chance(perMille: 700) }
        let target = Configuration.Target(voters: voters)
        guard !world.bounds.isMembershipFixed,
            world.replicas[place].value.raft?.refusal(of: target) == nil
        else { return }
        world.step(place, .changeConfiguration(target))
    }
}

/// What a walk would like to happen next.
private enum Wish: Equatable {
    case deliver
    case write
    case propose
    case timeout
    case retry
    case lose
    case crash
    case resign
    case restart
    case transfer
    case read
    case change

    /// By a number below a thousand.
    init(_ number: UInt64) {
        switch number {
        case 0..<480: self = .deliver
        case 480..<760: self = .write
        case 760..<830: self = .propose
        case 830..<860: self = .timeout
        case 860..<900: self = .retry
        case 900..<925: self = .lose
        case 925..<935: self = .crash
        case 935..<937: self = .resign
        case 937..<957: self = .restart
        case 957..<962: self = .transfer
        case 962..<992: self = .read
        default: self = .change
        }
    }

    init(_ action: RaftAction) {
        switch action {
        case .deliver, .duplicate: self = .deliver
        case .drop: self = .lose
        case .write: self = .write
        case .timeout: self = .timeout
        case .resign: self = .resign
        case .retry: self = .retry
        case .propose: self = .propose
        case .crash: self = .crash
        case .restart: self = .restart
        }
    }
}
