import Glibc
import Testing

extension EndToEnd {
    @Suite("Failure: pauses")
    struct PauseTests {
        /// Two requests wait in a frozen leader's socket while another node takes over.
        ///
        /// When it
        /// wakes it still believes that it leads; it may answer late, with an error or right.
        @Test func `a leader that wakes up reads nothing stale and acknowledges nothing alone`()
            throws
        {
            let cluster = try Cluster.started(nodes: 3)
            let count = Settings.pauses
            try run("\(count) pauses of the leader", on: cluster) { load in
                for _ in 0..<count {
                    try load.flow()
                    let leader = try cluster.leader(of: Load.topic)
                    let reader = try leader.client()
                    let writer = try leader.client()
                    leader.process?.signal(SIGSTOP)
                    let read = try load.timeToStored(at: cluster.others(than: leader)[0])
                    try load.stay(.milliseconds(Int.random(in: 0...1_500)))
                    let late = load.log.addClient()
                    let counter = load.log.begin(client: late)
                    let last = load.log.last
                    try reader.send("HISTORY \(Load.topic) \(last.sequence) 1")
                    try writer.send("PUB \(Load.topic) \(late)-\(counter)")
                    leader.process?.signal(SIGCONT)
                    try load.expectNotStale(try reader.readLine(within: .seconds(20)), last)
                    let reply = try writer.readLine(within: .seconds(20))
                    let fate = PublishLog.Fate(try LineClient.Outcome(reply: reply))
                    load.log.end(client: late, counter: counter, fate)
                    #expect(read < 5)
                }
            }
        }

        @Test func `pauses of a minority and of a majority lose nothing`() throws {
            let cluster = try Cluster.started(nodes: 3)
            let count = Settings.pauses
            try run("\(count) pauses of some nodes", on: cluster) { load in
                for round in 0..<count {
                    try load.flow()
                    let frozen = cluster.nodes.shuffled().prefix(round % 3 + 1)
                    for node in frozen { node.process?.signal(SIGSTOP) }
                    try load.stay(.milliseconds(Int.random(in: 500...2_500)))
                    for node in frozen { node.process?.signal(SIGCONT) }
                    _ = try load.timeToStored(at: frozen[0])
                    for node in cluster.nodes { try load.expectLast(at: node) }
                }
            }
        }

        private func run(
            _ what: String,
            on cluster: Cluster,
            faults: (Load) throws -> Void
        ) throws {
            try Load.run(
                what,
                on: cluster,
                publishers: 3,
                patience: .milliseconds(500),
                faults: faults
            )
        }
    }
}
