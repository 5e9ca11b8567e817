import Foundation
import Glibc
import Testing

extension EndToEnd {
    @Suite("Failure: the leader goes")
    struct FailoverTests {
        @Test func `after kill -9 of the leader another node acknowledges soon`() throws {
            let cluster = try Cluster.started(nodes: 3)
            _ = try cluster.nodes[0].client().publish("notes", "first")
            var times: [Double] = []
            for round in 0..<Settings.failovers {
                let leader = try cluster.leader(of: "notes")
                let client = try cluster.others(than: leader)[round % 2].client()
                _ = try client.publish("notes", "warm \(round)")
                let start = ContinuousClock.now
                leader.process?.signal(SIGKILL)
                try publishUntilStored(client, "after \(round)")
                times.append((ContinuousClock.now - start).seconds)
                try leader.kill()
                try leader.startAndWait()
            }
            report("kill -9 of the leader to the first acknowledgement", times)
            #expect((times.max() ?? 0) <= (Settings.isStrict ? 1.5 : 5))
            if Settings.isStrict { #expect(median(times) <= 0.5) }
        }

        @Test func `SIGTERM of the leader is hardly noticed`() throws {
            let cluster = try Cluster.started(nodes: 3)
            _ = try cluster.nodes[0].client().publish("notes", "first")
            var gaps: [Double] = []
            for round in 0..<Settings.failovers {
                let leader = try cluster.leader(of: "notes")
                let client = try cluster.others(than: leader)[round % 2].client()
                _ = try client.publish("notes", "warm \(round)")
                leader.process?.signal(SIGTERM)
                gaps.append(try longestGap(client, until: leader))
                #expect(leader.process?.poll() == .code(0), "\(leader.logTail)")
                try leader.startAndWait()
            }
            report("SIGTERM of the leader: longest time without an acknowledgement", gaps)
            #expect((gaps.max() ?? 0) <= (Settings.isStrict ? 1.5 : 5))
            if Settings.isStrict { #expect(median(gaps) <= 0.1) }
        }

        @Test func `a minority never acknowledges, and what it refused is not there`() throws {
            let cluster = try Cluster.started(nodes: 3)
            _ = try cluster.nodes[0].client().publish("notes", "before")
            let leader = try cluster.leader(of: "notes")
            for node in cluster.others(than: leader) { try node.kill() }
            let client = try leader.client()
            var refused: [String] = []
            for number in 0..<3 {
                let text = "alone \(number)"
                switch try client.publish("notes", text, within: .seconds(20)) {
                case .stored(let sequence, _):
                    Issue.record("a minority acknowledged \(text) with \(sequence)")
                case .refused: refused.append(text)
                case .unknown: continue
                }
            }
            for node in cluster.others(than: leader) { try node.start() }
            for node in cluster.nodes { try node.waitUntilReady() }
            try publishUntilStored(try leader.client(), "after")
            let texts = try cluster.nodes[0].client().history("notes", from: 1).messages
                .compactMap(\.data)
            #expect(texts.first == "before")
            #expect(texts.last == "after")
            #expect(texts.allSatisfy { !refused.contains($0) })
        }

        private func publishUntilStored(_ client: LineClient, _ text: String) throws {
            try eventually("an acknowledgement of \(text)") {
                guard case .stored = try client.publish("notes", text) else { return false }
                return true
            }
        }

        /// Publishes one message after the other until `node` has ended; the longest time between
        /// two acknowledgements, in seconds.
        private func longestGap(_ client: LineClient, until node: Node) throws -> Double {
            var longest = 0.0
            var last = ContinuousClock.now
            var isLast = false
            try eventually("the end of \(node.id)") {
                for number in 0..<20 {
                    guard case .stored = try client.publish("notes", "during \(number)") else {
                        return false
                    }
                    let now = ContinuousClock.now
                    longest = max(longest, (now - last).seconds)
                    last = now
                }
                defer { isLast = !node.isRunning }
                return isLast
            }
            return longest
        }

        private func report(_ what: String, _ times: [Double]) {
            let all = times.map { "\(Int($0 * 1_000))" }.joined(separator: " ")
            let middle = Int(median(times) * 1_000)
            print("\(what): median \(middle) ms of \(times.count); all in ms: \(all)")
        }
    }
}
