import Glibc
import Testing
import WiberNode

@testable import WiberServer

@Suite("What a cluster's launcher tells")
struct ClusterWatchTests {
    private func state(meta term: UInt64, leads: Bool, topics: String = "") -> NodeState {
        NodeState(
            metrics: """
                # HELP wiber_raft_term The term.
                wiber_raft_term{topic="meta"} \(term)
                wiber_raft_is_leader{topic="meta"} \(leads ? 1 : 0)
                wiber_raft_term{topic="damaged
                wiber_raft_term{topic="t"} x
                \(topics)
                """
        )
    }

    @Test func `a node is told of when its role or term changes, and when it falls silent`() {
        var watch = ClusterWatch(nodes: ClusterConfiguration.local(nodes: 2).nodes)
        #expect(watch.changes(to: [:]) == [], "nodes that start are no news")
        let one = state(meta: 1, leads: true)
        #expect(watch.changes(to: ["n1": one]) == ["n1: leader, term 1"])
        let two = state(meta: 1, leads: false)
        #expect(watch.changes(to: ["n1": one, "n2": two]) == ["n2: follower, term 1"])
        #expect(watch.changes(to: ["n1": one, "n2": two]) == [])
        let after = state(meta: 2, leads: true)
        #expect(
            watch.changes(to: ["n2": after]) == ["n1: does not answer", "n2: leader, term 2"]
        )
        #expect(watch.changes(to: ["n2": after]) == [])
    }

    @Test func `a topic's leader is told once a term, and an old one not at all`() {
        var watch = ClusterWatch(nodes: ClusterConfiguration.local(nodes: 2).nodes)
        func leading(_ term: Int) -> NodeState {
            state(
                meta: 1,
                leads: false,
                topics: """
                    wiber_raft_term{topic="t"} \(term)
                    wiber_raft_is_leader{topic="t"} 1
                    """
            )
        }
        #expect(watch.changes(to: ["n1": leading(3)]).contains("topic t: led by n1, term 3"))
        #expect(watch.changes(to: ["n1": leading(3)]) == [])
        #expect(
            watch.changes(to: ["n1": leading(3), "n2": leading(4)]).contains(
                "topic t: led by n2, term 4"
            )
        )
        #expect(watch.changes(to: ["n1": leading(3), "n2": leading(4)]) == [])
    }
}

@Suite("Starting nodes again")
struct RestartPolicyTests {
    @Test
    func `a node that ends soon after every start is given up, after longer and longer pauses`() {
        var policy = RestartPolicy()
        let pauses = (0..<5).map { _ in policy.pause(for: "n1", after: .seconds(1)) }
        #expect(
            pauses == [
                .zero, .milliseconds(250), .milliseconds(500), .milliseconds(1_000), nil,
            ]
        )
        #expect(policy.pause(for: "n2", after: .zero) == .zero, "another node is another matter")
    }

    @Test func `a node that lived for a while is started at once, and counted anew`() {
        var policy = RestartPolicy()
        for _ in 0..<100 {
            #expect(policy.pause(for: "n1", after: .zero) == .zero)
            #expect(policy.pause(for: "n1", after: .seconds(60)) == .zero)
        }
    }
}

@Suite("Before and while nodes run")
struct LauncherPartsTests {
    @Test func `a port in use is named, with its node and its use`() throws {
        let (socket, port) = try FakeServer.listen()
        let (other, free) = try FakeServer.listen()
        close(other)
        let node = NodeAddress(
            name: "n7",
            host: "127.0.0.1",
            port: free,
            rpcPort: nil,
            httpPort: port,
            listen: "127.0.0.1"
        )
        let error = #expect(throws: PortInUse.self) { try PortCheck.check([node]) }
        #expect(error?.lines.count == 1)
        #expect(error?.description.contains("port \(port) (HTTP of n7) is in use") == true)
        close(socket)
        #expect(throws: Never.self) { try PortCheck.check([node]) }
    }

    @Test func `pieces of a pipe become whole lines`() {
        let splitter = LineSplitter()
        #expect(splitter.lines(in: Array("one\ntw".utf8)) == ["one"])
        #expect(splitter.lines(in: Array("o\n\nthree".utf8)) == ["two", ""])
        #expect(splitter.last() == "three")
        #expect(splitter.last() == nil)
        let long = [UInt8](repeating: 65, count: LineSplitter.lengthMax + 1)
        #expect(splitter.lines(in: long).count == 1, "memory stays bounded")
    }

    @Test func `the thread that starts children runs jobs in turn and passes errors on`()
        async throws
    {
        let thread = SpawnThread()
        for number in 0..<10 { #expect(try await thread.run { number } == number) }
        await #expect(throws: ClientError.self) {
            try await thread.run { throw ClientError.badAddress("x") }
        }
    }
}
