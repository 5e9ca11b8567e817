import Testing

extension EndToEnd {
    @Suite("Failure: kill -9 under load")
    struct KillLoopTests {
        /// Two publishers keep a window full while one node after the other is killed, the leader
        /// every second time; then every node must have what was acknowledged.
        @Test func `what is acknowledged is everywhere exactly once and in order`() throws {
            let cluster = try Cluster.started(nodes: 3)
            try Load.run("\(Settings.kills) kills", on: cluster) { load in
                for round in 0..<Settings.kills { try loseOneNode(of: cluster, round: round, load) }
            }
        }

        /// Kills a node once messages flow, starts it again and waits until it is ready.
        private func loseOneNode(of cluster: Cluster, round: Int, _ load: Load) throws {
            try load.waitForMore(200)
            let victim =
                round % 2 == 0
                ? try cluster.leader(of: Load.topic)
                : cluster.nodes[Int.random(in: 0..<cluster.nodes.count)]
            try victim.kill()
            try load.waitForMore(50)
            try victim.startAndWait()
        }
    }
}
