import Testing
import WiberBase
import WiberMeta
import WiberWire

@testable import WiberNode

@Suite("Bytes from anybody")
struct HostileTests {
    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func `garbage from clients never stops a node`(seed: UInt64) {
        let lab = NodeLab(nodes: 1, seed: seed)
        var random = RandomSource(seed: seed)
        let commands = [
            "PUB", "PUBID", "SUB", "UNSUB", "HISTORY", "TOPICS", "STATS", "HELP", "PING", "QUIT",
            "CONNECT", "pub", "INFO",
        ]
        let words = [
            "news", "0", "1", "-1", "18446744073709551615", "18446744073709551616", "a.b", "*", ">",
            "", "\u{0}", "news.x", "{}", "+", "é", "\"", "\\",
        ]
        for round in 0..<250 {
            let client = lab.connect(to: 0)
            for _ in 0..<50 {
                var bytes: [UInt8] = []
                if Bool.random(using: &random) {
                    bytes += (commands.randomElement(using: &random) ?? "").utf8
                    for _ in 0..<Int.random(in: 0...4, using: &random) {
                        bytes.append(32)
                        bytes += (words.randomElement(using: &random) ?? "").utf8
                    }
                } else {
                    let count = Int.random(in: 0...40, using: &random)
                    bytes += (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
                }
                if UInt8.random(in: 0..<8, using: &random) > 0 { bytes += [13, 10] }
                lab.send(client, bytes)
            }
            lab.run(for: .milliseconds(3))
            if round % 2 == 0 { lab.disconnect(client) }
        }
        #expect(lab.machines[0].failure == nil)
        #expect(lab.publish(node: 0, "alive", "x") != nil)
    }

    @Test func `garbage on the port of the nodes is dropped, whatever it is`() {
        let lab = NodeLab()
        #expect(lab.publish(node: 0, "news", "x") == 1)
        #expect(lab.run { lab.isSettled("news") })
        var random = RandomSource(seed: 8)
        for number in 0..<20_000 {
            let connection = ConnectionID(rawValue: UInt64(1_000_000 + 2 * number))
            let core = lab.machines[number % 3].core
            core?.handle(.peerAccepted(connection, address: "x"), at: lab.time(number % 3))
            var bytes: [UInt8] = []
            if number % 4 == 0 { FrameWriter.write(.goodbye, sequence: 1, into: &bytes) }
            let count = Int.random(in: 0...60, using: &random)
            bytes += (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            lab.receive(number % 3, connection, bytes)
            lab.handle(number % 3, .closed(connection, wasReset: true))
            if number % 100 == 0 { lab.run(for: .milliseconds(5)) }
        }
        #expect(lab.machines.allSatisfy { $0.failure == nil })
        #expect(lab.publish(node: 1, "news", "y") == 2)
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func `frames of a node that went mad never trap`(seed: UInt64) {
        let lab = NodeLab(nodes: 3, seed: seed)
        #expect(lab.publish(node: 0, "news", "x") == 1)
        #expect(lab.run { lab.isSettled("news") })
        var random = RandomSource(seed: seed)
        let victim = Int(seed) % 3
        guard let core = lab.machines[victim].core else { return }
        let liar = NodeID(UInt64((victim + 1) % 3 + 1))
        guard let connection = core.peers[Int(liar.rawValue) - 1].incoming else {
            Issue.record("there is no lane")
            return
        }
        for number in 0..<20_000 {
            var bytes: [UInt8] = []
            let frame = Self.frame(&random, core)
            FrameWriter.write(frame, sequence: UInt32(truncatingIfNeeded: number), into: &bytes)
            core.incoming[connection]?.reader = FrameReader()
            lab.receive(victim, connection, bytes)
            if number % 200 == 0 { lab.run(for: .milliseconds(1)) }
        }
        lab.run(for: .seconds(1))
    }

    private static func small(_ random: inout RandomSource) -> UInt64 {
        let odd: [UInt64] = [0, 1, 2, 3, 4, 5, 8, 100, .max, .max / 2, .max - 1, 1 << 32]
        return odd.randomElement(using: &random) ?? 0
    }

    private static func bytes(_ random: inout RandomSource, _ most: Int) -> [UInt8] {
        let count = Int.random(in: 0...most, using: &random)
        return (0..<count).map { _ in UInt8.random(in: 0...9, using: &random) }
    }

    private static func frame(_ random: inout RandomSource, _ core: ShardCore) -> Frame {
        let group = core.groups.randomElement(using: &random)?.id ?? .meta
        switch UInt8.random(in: 0..<12, using: &random) {
        case 8...11: return rareFrame(&random, group)
        case 0:
            return .beat(
                Beat(
                    incarnation: small(&random),
                    sentAt: small(&random),
                    wall: Timestamp(small(&random)),
                    isDiskStalled: Bool.random(using: &random),
                    formation: Beat.Formation.allCases.randomElement(using: &random) ?? .none,
                    level: FeatureLevel(rawValue: UInt16.random(in: 0...2, using: &random)),
                    echo: small(&random),
                    echoAge: small(&random)
                )
            )
        case 1:
            return .forwardPublish(
                ForwardPublish(
                    request: small(&random),
                    group: group,
                    term: Term(small(&random)),
                    count: UInt32(truncatingIfNeeded: small(&random)),
                    bodies: bytes(&random, 60)
                )
            )
        case 2:
            let run = ForwardRun(
                first: Sequence(small(&random)),
                count: UInt32(truncatingIfNeeded: small(&random)),
                outcome: PublishOutcome.allCases.randomElement(using: &random) ?? .stored
            )
            return .forwardReply(
                ForwardReply(request: small(&random), status: .stored, text: "", runs: [run, run])
            )
        case 3: return .readIndexRequest(ReadIndexRequest(request: small(&random), group: group))
        case 4:
            return .readIndexReply(
                ReadIndexReply(
                    request: small(&random),
                    group: group,
                    index: LogIndex(small(&random))
                )
            )
        case 5:
            return .createTopic(CreateTopic(request: small(&random), topic: bytes(&random, 40)))
        default:
            var body: [UInt8] = [UInt8.random(in: 1...9, using: &random)]
            body.appendInteger(small(&random))
            for _ in 0..<Int.random(in: 0...5, using: &random) {
                body.appendInteger(small(&random))
            }
            return .raft(group, body + bytes(&random, 6))
        }
    }
    /// Changes that make sense, and some that do not.
    private static func command(_ random: inout RandomSource, _ group: GroupID) -> CommandRequest {
        let nodes = (0..<Int.random(in: 0...4, using: &random)).map { _ in
            NodeID(small(&random))
        }
        let command: MetaCommand
        switch UInt8.random(in: 0..<5, using: &random) {
        case 0: command = .move(group, to: nodes)
        case 1: command = .settled(group, move: LogIndex(small(&random)), members: nodes)
        case 2: command = .drain(NodeID(small(&random)), Bool.random(using: &random))
        case 3:
            let topic = TopicConfiguration(name: "t\(small(&random))", replicas: 0)
            command = .createTopic(topic, replicas: nodes)
        default: command = .deleteTopic(group)
        }
        let isNoise = Bool.random(using: &random)
        return CommandRequest(
            request: small(&random),
            group: isNoise ? group : .meta,
            command: isNoise ? bytes(&random, 20) : command.encoded
        )
    }
    /// What nodes say when logs are damaged, replaced or handed over.
    private static func rareFrame(_ random: inout RandomSource, _ group: GroupID) -> Frame {
        switch UInt8.random(in: 0..<6, using: &random) {
        case 4:
            return .commandReply(
                CommandReply(
                    request: small(&random),
                    status: .done,
                    index: LogIndex(small(&random)),
                    text: "done"
                )
            )
        case 5: return .commandRequest(command(&random, group))
        case 0:
            let node = NodeID(small(&random))
            return .transferLeadership(TransferLeadership(group: group, node: node))
        case 1:
            return .repairRequest(
                RepairRequest(
                    request: small(&random),
                    group: group,
                    first: LogIndex(small(&random)),
                    last: LogIndex(small(&random)),
                    byteBudget: UInt32(truncatingIfNeeded: small(&random))
                )
            )
        case 2:
            var header = ChunkHeader()
            header.group = group
            header.index = LogIndex(small(&random))
            header.term = Term(small(&random))
            header.baseSequence = Sequence(small(&random))
            header.firstSequence = Sequence(min(header.baseSequence.rawValue, small(&random)))
            return .installSnapshot(
                InstallSnapshot(
                    group: group,
                    term: Term(small(&random)),
                    previousTerm: Term(small(&random)),
                    first: Chunk.control(header).bytes,
                    configuration: bytes(&random, 1)
                )
            )
        default:
            return .repairReply(
                RepairReply(request: small(&random), group: group, chunks: bytes(&random, 90))
            )
        }
    }
}
