import Testing

extension EndToEnd {
    /// Five nodes in network namespaces; clients reach every one of them all the time.
    @Suite("Failure: partitions")
    struct PartitionTests {
        @Test func `in every partition a majority goes on and nobody else acknowledges`() throws {
            let network = try Network(nodes: 5)
            let topics = "  - { name: \(Load.topic), replicas: 5 }\n"
            let cluster = try Cluster.started(nodes: 5, topics: topics, network: network)
            let count = Settings.partitions
            var times: [Double] = []
            try Load.run(
                "\(count) partitions",
                on: cluster,
                publishers: 3,
                patience: .seconds(1)
            ) { load in
                for round in 0..<count {
                    let shapes = Partition.allCases
                    let shape = round < shapes.count ? shapes[round] : shapes.randomElement()
                    times += try partition(load, network, shape ?? .leaderAlone)
                }
            }
            let all = times.map { "\(Int($0 * 1_000))" }.joined(separator: " ")
            print("Partition to the first acknowledgement, then heal, in ms: \(all)")
        }

        /// The seconds to the first acknowledgement that was asked for in the partition, and after
        /// it.
        private func partition(
            _ load: Load,
            _ network: Network,
            _ shape: Partition
        ) throws -> [Double] {
            let cluster = load.cluster
            try load.flow()
            let leader = try cluster.leader(of: Load.topic)
            let place = cluster.nodes.firstIndex { $0.id == leader.id } ?? 0
            let split = shape.split(leader: place, nodes: cluster.nodes.count)
            try network.cut(split.cut)
            let inside = try load.timeToStored(at: cluster.nodes[split.majority])
            try load.expectLast(at: cluster.nodes[split.majority])
            for place in split.minority { try load.expectNotStale(at: cluster.nodes[place]) }
            try load.flow()
            try network.heal()
            let after = try load.timeToStored(at: leader)
            for node in cluster.nodes { try load.expectLast(at: node) }
            return [inside, after]
        }
    }
}

/// The shapes of a partition of five nodes.
enum Partition: CaseIterable {
    /// The leader hears nobody and nobody hears it.
    case leaderAlone
    /// The leader and one more; the other three are the majority.
    case leaderInMinority
    /// The leader is heard and hears nobody.
    case leaderDeaf
    /// The leader hears and is not heard.
    case leaderMute
    /// Two followers alone, each for itself.
    case followersAlone
    /// Two halves that only one node, not the leader, can see both of.
    case bridge
    /// Each node sees its two neighbours in a ring: a majority, and no two see the same.
    case ring

    /// Which directions are cut, a node that must be able to acknowledge, and those that cannot.
    struct Split {
        var cut: Set<Network.Link>
        var majority: Int
        var minority: [Int]
    }

    /// The split with these nodes, in an order of chance but for the leader.
    func split(leader: Int, nodes count: Int) -> Split {
        let others = (0..<count).filter { $0 != leader }.shuffled()
        let majority = others[count - 2]
        switch self {
        case .leaderAlone:
            return Split(
                cut: Self.between([leader], others),
                majority: majority,
                minority: [leader]
            )
        case .leaderInMinority:
            let few = [leader, others[0]]
            return Split(
                cut: Self.between(few, others.filter { !few.contains($0) }),
                majority: majority,
                minority: few
            )
        case .leaderDeaf:
            let cut = others.map { Network.Link(from: $0, to: leader) }
            return Split(cut: Set(cut), majority: majority, minority: [leader])
        case .leaderMute:
            let cut = others.map { Network.Link(from: leader, to: $0) }
            return Split(cut: Set(cut), majority: majority, minority: [leader])
        case .followersAlone:
            let alone = Array(others.prefix(2))
            let cut = Self.between([alone[0]], [alone[1]])
                .union(Self.between(alone, (0..<count).filter { !alone.contains($0) }))
            return Split(cut: cut, majority: leader, minority: alone)
        case .bridge:
            let left = [leader, others[0]]
            let right = Array(others[1..<3])
            return Split(cut: Self.between(left, right), majority: majority, minority: [])
        case .ring:
            let ring = [leader] + others
            var cut: Set<Network.Link> = []
            for place in ring.indices {
                let opposite = [ring[(place + 2) % count], ring[(place + 3) % count]]
                cut.formUnion(Self.between([ring[place]], opposite))
            }
            return Split(cut: cut, majority: leader, minority: [])
        }
    }

    private static func between(_ left: [Int], _ right: [Int]) -> Set<Network.Link> {
        Set(
            left.flatMap { one in
                right.flatMap {
                    [Network.Link(from: one, to: $0), Network.Link(from: $0, to: one)]
                }
            }
        )
    }
}
