import Testing
import WiberBase
import WiberLog

@testable import WiberNode

@Suite("Topics that share a node")
struct IsolationTests {
    @Test func `one that cannot commit is refused by its own limit, the others go on`() throws {
        var options = NodeLab.Options()
        options.log.memoryBudget = 4 << 20
        options.topics = [TopicConfiguration(name: "stuck", replicas: 3)]
        for place in 0..<3 {
            options.topics.append(TopicConfiguration(name: "single-\(place)", replicas: 1))
        }
        let lab = NodeLab(options)
        let names = options.topics.map(\.name)
        #expect(lab.run { names.allSatisfy { lab.isSettled($0) } })
        let leader = try #require(lab.leader("stuck"))
        let single = try #require(names.first { lab.replicas($0) == [leader] })
        for place in 0..<3 where place != leader { lab.machines[place].disk.setFull(true) }
        let client = lab.connect(to: leader)
        let text = String(repeating: "x", count: 4_000)
        lab.ask(client, Array(repeating: "PUB stuck \(text)", count: 1_500))  // More than it.
        lab.run(for: .seconds(3))
        #expect(lab.leader("stuck") == leader)
        #expect(lab.machines[leader].core?.store.isOverBudget == false)
        #expect(lab.ask(node: leader, "PUB stuck no").first?.hasPrefix("ERR OVERLOADED") == true)
        for number in 1...20 {
            #expect(lab.publish(node: leader, single, "\(number)") == UInt64(number))
        }
    }
}
