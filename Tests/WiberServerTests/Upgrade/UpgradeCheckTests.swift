import Testing
import WiberBase

@testable import WiberServer

@Suite("Whether a cluster can go over to this binary")
struct UpgradeCheckTests {
    private func node(
        _ id: String,
        _ state: String = "alive",
        leaving: Bool = false,
        levels: String = #""feature_level_min":1,"feature_level_max":3"#,
        wire: String = #""wire_version_min":5,"wire_version_max":5"#
    ) -> String {
        #"{"id":"\#(id)","state":"\#(state)","leaving":\#(leaving),"version":"0.1.0",\#(levels),\#(wire)}"#
    }

    private func cluster(
        _ nodes: [String],
        level: String = #""feature_level":1,"#,
        leader: String = #""n1""#
    ) -> String {
        #"{"cluster":"demo","meta_leader":\#(leader),\#(level)"nodes":[\#(nodes.joined(separator: ","))]}"#
    }

    private func topic(
        leader: String = #""n1""#,
        isCurrent: Bool = true,
        more: String = ""
    ) -> String {
        #"[{"name":"news","leader":\#(leader),"replicas":[{"node":"n2","current":\#(isCurrent)}]\#(more)}]"#
    }

    private func check(_ cluster: String, _ topics: String = "[]") throws -> UpgradeCheck {
        try UpgradeCheck(cluster: cluster, topics: topics, software: "0.2.0")
    }

    private var three: [String] { ["n1", "n2", "n3"].map { node($0) } }

    @Test func `a cluster that is well can, and is told what cannot be undone`() throws {
        let check = try check(cluster(three), topic())
        #expect(check.problems == [])
        #expect(check.isReady)
        #expect(check.summary == "cluster demo: 3 nodes, feature level 1")
        #expect(check.notes.count == 1)
        #expect(check.notes[0].contains("the level rises from 1 to 3"), "\(check.notes)")
        #expect(check.notes[0].contains("feature_level_max: 1"), "\(check.notes)")
        let level = #""feature_level":3,"#
        #expect(try self.check(cluster(three, level: level), topic()).notes == [])
    }

    @Test(arguments: [
        ("n2 is dead", 0), ("n2 is leaving the cluster", 1), ("no leader", 2), ("has no leader", 3),
        ("is moving", 4), ("news is not whole on n2", 5),
    ])
    func `what is not well is named`(words: String, number: Int) throws {
        var nodes = three
        if number == 0 { nodes[1] = node("n2", "dead") }
        if number == 1 { nodes[1] = node("n2", leaving: true) }
        let cluster = cluster(nodes, leader: number == 2 ? "null" : #""n1""#)
        let topics = topic(
            leader: number == 3 ? "null" : #""n1""#,
            isCurrent: number != 5,
            more: number == 4 ? #","moving_to":["n3"]"# : ""
        )
        let check = try check(cluster, topics)
        #expect(!check.isReady)
        #expect(check.problems.count == 1, "\(check.problems)")
        #expect(check.problems[0].contains(words), "\(check.problems)")
    }

    @Test func `a level that this binary does not know is in the way, in both directions`() throws {
        let above = try check(cluster(three, level: #""feature_level":4,"#))
        #expect(above.problems.first?.contains("a level is never lowered") == true)
        let report = cluster(three)
        let later = try UpgradeCheck(
            cluster: report,
            topics: "[]",
            levels: LevelRange(.software, .software)
        )
        #expect(later.problems.first?.contains("go over a release that knows both") == true)
        let older = try UpgradeCheck(
            cluster: report,
            topics: "[]",
            levels: LevelRange(.base, .base)
        )
        #expect(older.isReady)
        #expect(older.notes.first?.contains("knows less than the nodes that run") == true)
    }

    @Test func `nodes that speak no version that this binary does are in the way`() throws {
        let wire = #""wire_version_min":6,"wire_version_max":7"#
        let check = try check(cluster([node("n1"), node("n2", wire: wire), node("n3")]))
        #expect(check.problems.count == 1, "\(check.problems)")
        #expect(check.problems[0].contains("node n2 speaks version 6 to 7"), "\(check.problems)")
        let odd = #""wire_version_min":9,"wire_version_max":300"#
        #expect(try self.check(cluster([node("n1", wire: odd)])).problems == [])
    }

    @Test func `a release from before levels needs all nodes to stop`() throws {
        let check = try check(cluster(three, level: ""))
        #expect(check.problems.first?.contains("stop all nodes") == true)
    }

    @Test func `something else than a node's answer is refused`() {
        for text in ["", "[]", "{}", #"{"cluster":1}"#, "<html>"] {
            #expect(throws: ClientError.self) { try check(text) }
        }
    }
}
