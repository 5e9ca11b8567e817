import Foundation
import Glibc
import Testing

extension EndToEnd {
    /// After each fault the node's power is cut too, so that what it acknowledged without an fsync
    /// is lost and found missing.
    @Suite("Failure: system calls that fail")
    struct CallFaultTests {
        @Test(arguments: [1, 3])
        func `a disk that fails ends the node at once, and loses nothing`(nodes: Int) throws {
            let cluster = try Cluster.started(nodes: nodes, volumeSize: 1_024)
            let count = Settings.callFaults
            try run("\(count) faults of system calls, nodes: \(nodes)", cluster) { load in
                let faults = CallFault.allCases
                for round in 0..<count {
                    // In turn one of the calls of a start, the first ones first, and any under load.
                    let turn = round / faults.count
                    let isAtStart = turn % 2 == (nodes == 1 ? 0 : 1)
                    let place = isAtStart ? turn / 2 + 1 : Int.random(in: 4...60)
                    let node = cluster.nodes[round % nodes]
                    try meet(faults[round % faults.count], at: place, node, load)
                }
            }
        }

        @Test(arguments: [
            ("disk_reserve: 0\n", "the disk is full"), ("", "the disk is nearly full"),
        ])
        func `a full disk ends nothing, and goes on once there is room`(
            configuration: String,
            words: String
        ) throws {
            let cluster = try Cluster.started(nodes: 3, more: configuration, volumeSize: 128)
            try run("A full disk", cluster) { load in
                let leader = try cluster.leader(of: Load.topic)
                let ballast = try #require(leader.volume).mountPoint.appending(path: "ballast")
                try fill(ballast)
                load.log.allow(200_000)
                try eventually("\(leader.id) says that its disk is full", within: .seconds(60)) {
                    leader.log.contains(words)
                }
                load.log.allow(20_000)
                try load.waitForMore(19_000)
                _ = try load.timeToStored(at: cluster.others(than: leader)[0])
                try load.expectLast(at: leader)
                #expect(leader.isRunning, "\(leader.logTail)")
                try FileManager.default.removeItem(at: ballast)
                try load.flow()
            }
        }

        /// Starts a node with a fault, waits for what it leads to, cuts its power, and starts it
        /// again without.
        private func meet(_ fault: CallFault, at place: Int, _ node: Node, _ load: Load) throws {
            try node.terminate()
            load.log.allow(100_000)
            let name = "\(node.id)-\(UUID().uuidString.prefix(8)).trace"
            let trace = load.cluster.folder.appending(path: name)
            node.launcher = fault.launcher(at: place, trace: trace)
            defer { node.launcher = [] }
            try node.start()
            if let exit = fault.exit {
                try eventually("\(node.id) ends of \(fault) at \(place)", within: .seconds(30)) {
                    !node.isRunning
                }
                #expect(node.process?.poll() == exit, "\(fault) at \(place): \(node.logTail)")
            } else {
                try node.waitUntilReady()
                try eventually("\(node.id) meets \(fault)", within: .seconds(30)) {
                    try CallFault.read(trace).count > 0
                }
                try load.waitForMore(100)
                #expect(node.isRunning, "\(fault) at \(place): \(node.logTail)")
            }
            try node.cutPower()
            node.launcher = []
            try expectQuickEnd(fault, in: trace)
            try node.startAndWait()
            load.log.allow(2_000)
            try load.waitForMore(20)
            try load.expectLast(at: node)
        }

        /// Demands that no more than a second passed from an error to the end of the process.
        private func expectQuickEnd(_ fault: CallFault, in trace: URL) throws {
            guard case .code = fault.exit else { return }
            let found = try CallFault.read(trace)
            #expect((found.toEnd ?? 60) < 1, "\(fault): \(found.count) faults, seconds to the end")
        }

        /// Writes until there is no room.
        private func fill(_ file: URL) throws {
            let descriptor = open(file.path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
            guard descriptor >= 0 else { throw SystemError(call: "open \(file.path)") }
            defer { close(descriptor) }
            let zeros = [UInt8](repeating: 0, count: 64 << 10)
            for size in [zeros.count, 4_096] {
                while write(descriptor, zeros, size) > 0 {}
                guard errno == ENOSPC else { throw SystemError(call: "fill \(file.path)") }
            }
        }

        private func run(_ what: String, _ cluster: Cluster, _ faults: (Load) throws -> Void) throws
        {
            let patience = Duration.seconds(2)
            try Load.run(what, on: cluster, publishers: 2, patience: patience, faults: faults)
        }
    }
}
