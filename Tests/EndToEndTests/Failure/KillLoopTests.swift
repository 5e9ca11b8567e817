import Testing

extension EndToEnd {
    @Suite("Failure: kill -9 under load")
    struct KillLoopTests {
        /// Two publishers keep a window full while one node after the other is killed, the leader
        /// every second time; then every node must have what was acknowledged.
        @Test func `what is acknowledged is everywhere exactly once and in order`() throws {
            let cluster = try Cluster.started(nodes: 3)
            let ports = cluster.nodes.map(\.port)
            _ = try cluster.nodes[0].client().request("SUB load")
            let log = PublishLog()
            let publishers = (0..<2).map {
                Publisher(topic: "load", ports: ports, first: $0, log: log)
            }
            var problems: [String] = []
            do {
                for round in 0..<Settings.kills {
                    try loseOneNode(of: cluster, round: round, log: log)
                }
            } catch {
                problems.append("\(error)")
            }
            for publisher in publishers { problems += try publisher.stop() }
            problems += try HistoryChecker(fates: log.fates()).check("load", on: cluster.nodes)
            let logs = cluster.nodes.map { "\($0.id):\n\($0.logTail)" }.joined(separator: "\n")
            #expect(problems.isEmpty, "\(logs)")
            print(
                """
                \(Settings.kills) kills under load: \(log.acknowledgedCount) messages acknowledged, \
                all of them on three nodes
                """
            )
        }

        /// Kills a node once messages flow, starts it again and waits until it is ready.
        private func loseOneNode(of cluster: Cluster, round: Int, log: PublishLog) throws {
            let before = log.acknowledgedCount
            try eventually("200 more acknowledgements in round \(round)", within: .seconds(30)) {
                log.acknowledgedCount >= before + 200
            }
            let victim =
                round % 2 == 0
                ? try cluster.leader(of: "load")
                : cluster.nodes[Int.random(in: 0..<cluster.nodes.count)]
            try victim.kill()
            let after = log.acknowledgedCount
            try eventually("50 acknowledgements without \(victim.id)", within: .seconds(30)) {
                log.acknowledgedCount >= after + 50
            }
            try victim.startAndWait()
        }
    }
}
