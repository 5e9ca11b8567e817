import Glibc
import Testing

extension EndToEnd {
    /// Each node's data is on an ext4 of its own that loses what was not fsynced.
    @Suite("Failure: power cuts")
    struct PowerCutTests {
        @Test func `a power cut of the whole cluster loses nothing that was acknowledged`() throws {
            let cluster = try Cluster.started(nodes: 3, volumeSize: 1_024)
            let count = Settings.powerCuts
            try Load.run("\(count) power cuts of the whole cluster", on: cluster) { load in
                for round in 0..<count {
                    for _ in 0..<2 { try load.flow() }
                    try cutAll(cluster, isKilledFirst: round % 2 == 1)
                    try cluster.startAll()
                    try load.expectLast(at: cluster.nodes[round % 3])
                }
            }
        }

        /// One node is behind, another loses its power, the third is frozen: the one that was
        /// behind and the one that restarts are a majority and may know only what the disk knows.
        @Test func `a node that lost its power does not outvote what it had acknowledged`() throws {
            let cluster = try Cluster.started(nodes: 3, volumeSize: 1_024)
            let count = Settings.powerCuts
            try Load.run(
                "\(count) power cuts of one node",
                on: cluster,
                publishers: 3,
                patience: .milliseconds(500)
            ) { load in
                for round in 0..<count { try cutOne(of: cluster, load, round: round) }
            }
        }

        private func cutAll(_ cluster: Cluster, isKilledFirst: Bool) throws {
            if !isKilledFirst { for node in cluster.nodes { try node.volume?.cutPower() } }
            for node in cluster.nodes { node.process?.signal(SIGKILL) }
            if isKilledFirst { for node in cluster.nodes { try node.volume?.cutPower() } }
            for node in cluster.nodes { try node.endPowerCut() }
        }

        private func cutOne(of cluster: Cluster, _ load: Load, round: Int) throws {
            let leader = try cluster.leader(of: Load.topic)
            let followers = cluster.others(than: leader).shuffled()
            let behind = followers[0]
            let (victim, third) =
                round % 2 == 0 ? (leader, followers[1]) : (followers[1], leader)
            behind.process?.signal(SIGSTOP)
            defer { for node in cluster.nodes { node.process?.signal(SIGCONT) } }
            try load.flow()
            try victim.cutPower()
            third.process?.signal(SIGSTOP)
            behind.process?.signal(SIGCONT)
            try victim.startAndWait()
            try load.expectLast(at: round % 4 < 2 ? behind : victim)
            try load.flow()
            third.process?.signal(SIGCONT)
            try third.waitUntilReady()
        }
    }
}
