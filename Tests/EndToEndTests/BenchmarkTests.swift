import Foundation
import Testing

extension EndToEnd {
    /// The figures of docs/benchmarks.md.
    ///
    /// In `./dev check` a quick run shows that they can be
    /// measured and that every message is acknowledged; `./dev bench` runs them in full.
    @Suite("Benchmarks")
    struct Benchmarks {
        @Test func `publishes a second to the leader and to a follower`() throws {
            let cluster = try Cluster.started(nodes: 3)
            let setUp = try cluster.nodes[0].client()
            for (name, limit) in [("leader", 50_000.0), ("follower", 35_000.0)] {
                let topic = "rate-\(name)"
                _ = try setUp.publish(topic, "first")
                let leader = try cluster.leader(of: topic)
                let node = name == "leader" ? leader : cluster.others(than: leader)[0]
                var rates: [Double] = []
                for _ in 0..<(Settings.isBench ? 5 : 1) {
                    let count = Settings.isBench ? 500_000 : 20_000
                    let flushesBefore = try flushes(leader)
                    let run = try LoadGenerator.run(node, topic: topic, messages: count)
                    let perSecond = (try flushes(leader) - flushesBefore) / run.seconds
                    print(
                        """
                        \(count) messages of 128 bytes to the \(name), window 5,000: \
                        \(Int(run.perSecond))/s, \(Int(perSecond)) flushes/s on the leader
                        """
                    )
                    rates.append(run.perSecond)
                }
                if Settings.isBench { #expect(median(rates) >= limit, "to the \(name)") }
            }
        }

        @Test func `a restart with a long topic is quick and small`() throws {
            let cluster = try Cluster.started(nodes: 1)
            let node = cluster.nodes[0]
            _ = try node.client().publish("long", "first")
            let count = Settings.isBench ? 1_000_000 : 50_000
            try LoadGenerator.run(node, topic: "long", messages: count)
            for (name, stop) in [("kill -9", node.kill), ("SIGTERM", { try node.terminate() })] {
                try stop()
                let start = ContinuousClock.now
                try node.startAndWait()
                let last = try node.client().history("long", from: count + 1)
                let seconds = (ContinuousClock.now - start).seconds
                let megabytes = try memory(node)
                print(
                    """
                    Restart after \(name) with \(count) messages: last message read after \
                    \(Int(seconds * 1_000)) ms, \(Int(megabytes)) MB resident
                    """
                )
                #expect(last.messages.map(\.sequence) == [count + 1])
                #expect(seconds < (Settings.isBench ? 2 : 10))
                #expect(megabytes < 100)
            }
        }

        @Test func `an idle cluster costs next to nothing`() throws {
            let cluster = try Cluster.started(nodes: 3)
            _ = try cluster.nodes[0].client().publish("notes", "hello")
            let seconds = Settings.isBench ? 30.0 : 3.0
            let before = try cluster.nodes.map(processorSeconds)
            let start = ContinuousClock.now
            try eventually("\(seconds) idle seconds", within: .seconds(seconds + 5)) {
                (ContinuousClock.now - start).seconds >= seconds
            }
            for (place, node) in cluster.nodes.enumerated() {
                let share = (try processorSeconds(node) - before[place]) / seconds * 100
                let megabytes = try memory(node)
                let percent = (share * 100).rounded() / 100
                print("Idle \(node.id): \(percent) % of a core, \(Int(megabytes)) MB resident")
                #expect(share < (Settings.isBench ? 1 : 10))
                #expect(megabytes < 40)
            }
        }

        /// The batches of the write-ahead log that a node has written, one fdatasync each.
        private func flushes(_ node: Node) throws -> Double {
            let text = try HTTP.get("/metrics", port: node.httpPort).text
            let line = text.split(separator: "\n").first {
                !$0.hasPrefix("#")
                    && ($0.contains("wiber_log_flushes_total"))
            }
            return try #require(line?.split(separator: " ").last.flatMap { Double($0) })
        }

        private func memory(_ node: Node) throws -> Double {
            let pid = try #require(node.process?.pid)
            let text = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
            let line = text.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
            let kilobytes = line?.split(whereSeparator: { !$0.isNumber }).first.flatMap {
                Double($0)
            }
            return try #require(kilobytes) / 1_000
        }

        private func processorSeconds(_ node: Node) throws -> Double {
            let pid = try #require(node.process?.pid)
            let text = try String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)
            let fields = text.split(separator: ")").last?.split(separator: " ") ?? []
            try #require(fields.count > 13)
            return ((Double(fields[11]) ?? 0) + (Double(fields[12]) ?? 0)) / 100
        }
    }
}

/// `wiber bench lines` with messages of 128 bytes and 5,000 unacknowledged.
struct LoadGenerator {
    struct Run: Decodable {
        let messages: Int
        let seconds: Double
        let perSecond: Double
    }

    /// Publishes to one node; fails unless every message is acknowledged.
    @discardableResult
    static func run(_ node: Node, topic: String, messages: Int) throws -> Run {
        let command = try Command.wiber(
            [
                "bench", "lines", topic, "--messages", "\(messages)", "--size", "128", "--window",
                "5000", "--server", "nats://127.0.0.1:\(node.port)", "--output", "json",
            ],
            within: .seconds(300)
        )
        guard command.isSuccess else {
            throw UnexpectedReply(request: "bench lines", reply: command.output + command.errors)
        }
        let run = try JSON.decode(Run.self, from: Data(command.output.utf8))
        #expect(run.messages == messages)
        return run
    }
}
