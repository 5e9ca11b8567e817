import Testing
import WiberBase

@testable import WiberNode

@Suite("A full disk (rules.md 6)")
struct FullDiskTests {
    private static let text = String(repeating: "x", count: 900)

    private func lab(nodes: Int) -> NodeLab {
        let lab = NodeLab(nodes: nodes)
        #expect(lab.publish(node: 0, "news", "first") == 1)
        #expect(lab.run { lab.isSettled("news") })
        return lab
    }

    /// Publishes until a node has met its full disk.
    private func fillUp(_ lab: NodeLab, _ places: [Int]) {
        for place in places { lab.machines[place].disk.setFull(true) }
        let client = lab.connect(to: places[0])
        #expect(
            lab.run(within: .seconds(60)) {
                if client.waiting <= 0 { lab.ask(client, "PUB news \(Self.text)") }
                return places.allSatisfy { lab.machines[$0].core?.fullDisk != nil }
            }
        )
        lab.disconnect(client)
    }

    private func metric(_ lab: NodeLab, _ place: Int) -> Double? {
        lab.machines[place].core?.metrics().first { $0.name == "wiber_disk_full" }?.value
    }

    @Test func `alone, a node refuses publishes, reads on, and resumes when there is room`() {
        let lab = lab(nodes: 1)
        #expect(metric(lab, 0) == 0)
        fillUp(lab, [0])
        let client = lab.connect(to: 0)
        lab.ask(client, "PUB news no", "PUB other no", "HISTORY news 1 1")
        let replies = lab.answers(client)
        #expect(replies.count == 3)
        for reply in replies.prefix(2) {
            #expect(reply.hasPrefix("ERR DISK_FULL the disk of node n1 is full"))
        }
        #expect(replies.last?.contains("\"first\"") == true)
        #expect(metric(lab, 0) == 1)
        #expect(lab.machines[0].core?.readiness()?.contains("the disk is full") == true)
        lab.machines[0].disk.setFull(false)
        #expect(lab.run { lab.machines[0].core?.fullDisk == nil })
        #expect(lab.publish(node: 0, "news", "yes") != nil)
        #expect(lab.publish(node: 0, "other", "yes") == 1)
        #expect(metric(lab, 0) == 0)
        #expect(lab.machines[0].core?.readiness() == nil)
        #expect(!lab.messages("news", 0).contains { $0.text == "no" })
        for line in ["publishes are refused until there is room", "the disk has room again"] {
            #expect(lab.story.filter { $0.contains(line) }.count == 1)
        }
    }

    @Test(arguments: 1...6)
    func `leadership goes to a node with room, and no publish fails`(seed: UInt64) throws {
        let lab = NodeLab(nodes: 3, seed: seed)
        #expect(lab.publish(node: 0, "news", "first") == 1)
        #expect(lab.run { lab.isSettled("news") })
        let full = try #require(lab.leader("news"))
        lab.machines[full].disk.setFull(true)
        let client = lab.connect(to: full)
        for _ in 0..<300 {
            lab.ask(client, "PUB news \(Self.text)")
            lab.run(for: .milliseconds(10))
        }
        #expect(lab.answers(client).allSatisfy { Reply($0).sequence != nil })
        #expect(lab.machines[full].core?.fullDisk != nil)
        #expect(lab.leader("news") != full)
        for group in lab.machines[full].core?.groups ?? [] { #expect(!group.isLeader) }
        lab.machines[full].disk.setFull(false)
        #expect(lab.run { lab.isSettled("news") })
        #expect(lab.messages("news", full).count == 301)
    }

    @Test func `where all disks are full, every node passes the refusal on`() throws {
        let lab = lab(nodes: 3)
        fillUp(lab, [0, 1, 2])
        lab.run(for: .seconds(3))
        let leader = try #require(lab.leader("news"))
        for place in 0..<3 {
            let replies = lab.ask(node: place, "PUB news no")
            #expect(
                replies.first?.hasPrefix("ERR DISK_FULL the disk of node n\(leader + 1)") == true
            )
        }
        #expect(lab.ask(node: leader, "HISTORY news 1 1").first?.contains("\"first\"") == true)
        for place in 0..<3 { lab.machines[place].disk.setFull(false) }
        #expect(lab.run { lab.machines.allSatisfy { $0.core?.fullDisk == nil } })
        for place in 0..<3 { #expect(lab.publish(node: place, "news", "yes") != nil) }
        #expect(!lab.messages("news", 0).contains { $0.text == "no" })
    }

    @Test func `a leader whose others are gone keeps leading, so that it can be read`() throws {
        let lab = lab(nodes: 3)
        let leader = try #require(lab.leader("news"))
        lab.kill((leader + 1) % 3)
        #expect(lab.publish(node: leader, "news", "second") == 2)
        fillUp(lab, [leader])
        lab.run(for: .seconds(3))
        #expect(lab.leader("news") == leader)
        #expect(lab.ask(node: leader, "PUB news no").first?.hasPrefix("ERR DISK_FULL") == true)
        #expect(lab.ask(node: leader, "HISTORY news 2 1").first?.contains("second") == true)
    }

    private func setFree(_ lab: NodeLab, _ place: Int, _ free: UInt64) {
        lab.handle(place, .diskSpace(free: free, of: 100 << 30))
    }

    @Test func `below the reserve a node stores nothing new, and what frees space is done`() throws
    {
        let lab = lab(nodes: 3)
        let reserve: UInt64 = 256 << 20
        for place in 0..<3 { setFree(lab, place, reserve) }
        let low = try #require(lab.leader("news"))
        #expect(lab.publish(node: low, "news", "second") == 2)
        setFree(lab, low, reserve - 1)
        #expect(lab.run { lab.leader("news").map { $0 != low } ?? false })
        #expect(lab.publish(node: low, "news", "third") == 3)
        #expect(lab.machines[low].core?.readiness()?.contains("nearly full") == true)
        for place in 0..<3 { setFree(lab, place, reserve - 1) }
        lab.run(for: .seconds(3))
        let leader = try #require(lab.leader("news"))
        for place in 0..<3 {
            let reply = lab.ask(node: place, "PUB news no").first
            let text = "ERR DISK_FULL less than \(reserve) bytes (disk_reserve) are free on node"
            #expect(reply?.hasPrefix("\(text) n\(leader + 1)") == true)
        }
        #expect(lab.ask(node: leader, "HISTORY news 1 1").first?.contains("\"first\"") == true)
        #expect(lab.administer(at: 0, .purge(topic: "news", before: Sequence(3))) == .done)
        // A little more than the reserve is not enough, so that it does not come and go.
        for place in 0..<3 { setFree(lab, place, reserve + reserve / 4 - 1) }
        #expect(lab.machines.allSatisfy { $0.core?.fullDisk != nil })
        for place in 0..<3 { setFree(lab, place, reserve + reserve / 4) }
        #expect(lab.publish(node: 0, "news", "fourth") == 4)
        #expect(!lab.messages("news", 0).contains { $0.text == "no" })
    }

    @Test func `a node with a full disk stops when it is asked to`() {
        let lab = lab(nodes: 1)
        fillUp(lab, [0])
        lab.handle(0, .shutdown)
        #expect(lab.run { lab.machines[0].core == nil })
        #expect(lab.machines[0].failure == nil)
    }
}
