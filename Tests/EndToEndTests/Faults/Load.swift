import Foundation
import Glibc
import Testing

/// Publishers that keep their windows full while faults happen, and the check of every node's copy
/// afterwards.
struct Load {
    static let topic = "load"

    let cluster: Cluster
    let log = PublishLog()

    /// Runs `faults` under load; at its end all nodes must run, with nothing in their way.
    ///
    /// `what` names the run in the line of figures that it prints. Each publisher has 32 messages
    /// on their way, and asks another node when an answer takes longer than `patience`.
    static func run(
        _ what: String,
        on cluster: Cluster,
        publishers count: Int = 2,
        patience: Duration = .seconds(15),
        faults: (Load) throws -> Void
    ) throws {
        let load = Load(cluster: cluster)
        _ = try cluster.nodes[0].client().request("SUB \(topic)")
        let endpoints = cluster.nodes.map(\.endpoint)
        let publishers = (0..<count).map {
            Publisher(
                topic: topic,
                endpoints: endpoints,
                first: $0,
                log: load.log,
                patience: patience
            )
        }
        var problems: [String] = []
        do {
            try load.waitForMore(200)
            try faults(load)
            load.log.allow(10_000)
            try load.waitForMore(200)
        } catch {
            problems.append("\(error)")
            load.wake()
        }
        for publisher in publishers { problems += try publisher.stop() }
        load.report(what, problems)
    }

    /// Waits until publishers were told of `count` more messages that they are stored.
    func waitForMore(_ count: Int, within limit: Duration = .seconds(30)) throws {
        let before = log.acknowledgedCount
        try eventually("\(count) more acknowledgements", within: limit) {
            log.acknowledgedCount >= before + count
        }
    }

    /// Lets the publishers send for one round, and waits until it is in full flow.
    func flow() throws {
        log.allow(3_000)
        try waitForMore(Int.random(in: 600...1_800))
    }

    /// Demands that the newest acknowledged message is where it was acknowledged.
    func expectLast(at node: Node) throws {
        let last = log.last
        let found = try obtain("an answer of \(node.id)") {
            try node.client().history(Self.topic, from: last.sequence, limit: 1).messages.first
        }
        guard found.data == last.text else {
            throw AcknowledgedLost(node: node.id, sequence: last.sequence, text: last.text)
        }
    }

    /// Lets some time pass, under load as far as there is budget.
    func stay(_ time: Duration) throws {
        let end = ContinuousClock.now + time
        try eventually("the end of a pause of \(time)", within: time + .seconds(5)) {
            ContinuousClock.now >= end
        }
    }

    /// Publishes at one node until it acknowledges a message; the seconds that took.
    func timeToStored(at node: Node) throws -> Double {
        let client = log.addClient()
        let start = ContinuousClock.now
        try eventually("an acknowledgement of \(node.id)", within: .seconds(20)) {
            let counter = log.begin(client: client)
            do {
                let outcome = try node.client().publish(
                    Self.topic,
                    "\(client)-\(counter)",
                    within: .seconds(5)
                )
                log.end(client: client, counter: counter, PublishLog.Fate(outcome))
                guard case .stored = outcome else { return false }
                return true
            } catch {
                log.end(client: client, counter: counter, .unknown)
                throw error
            }
        }
        return (ContinuousClock.now - start).seconds
    }

    /// Demands that a node that may know nothing new does not answer as if there were nothing new.
    ///
    /// That it says nothing within a second is right too.
    func expectNotStale(at node: Node) throws {
        let last = log.last
        let request = "HISTORY \(Self.topic) \(last.sequence) 1"
        let reply: String
        do {
            reply = try node.client().request(request, within: .seconds(1))
        } catch Socket.Failure.timedOut {
            return
        }
        try expectNotStale(reply, last)
    }

    /// Demands that the answer to a HISTORY for `last` has it, or is an error.
    func expectNotStale(_ reply: String, _ last: (sequence: Int, text: String)) throws {
        guard reply.hasPrefix("OK ") else { return }
        let history = try JSON.decode(History.self, from: Data(reply.utf8.dropFirst(3)))
        guard history.messages.first?.data == last.text else {
            throw AcknowledgedLost(node: reply, sequence: last.sequence, text: last.text)
        }
    }

    /// After a failure: what was frozen goes on.
    private func wake() {
        for node in cluster.nodes { node.process?.signal(SIGCONT) }
    }
}

/// A message that was acknowledged and is not where it was.
struct AcknowledgedLost: Error, CustomStringConvertible {
    let node: String
    let sequence: Int
    let text: String
    var description: String { "\(node): \(text), acknowledged as \(sequence), is not there" }
}
