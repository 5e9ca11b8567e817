import WiberBase

@testable import WiberWire

/// One frame and more of every kind.
enum FrameSamples {
    static let all: [Frame] = [
        .hello(hello), .helloReply(reply(nil)), .helloReply(reply(.otherStore)), .goodbye,
        .beat(beat(true)), .beat(beat(false)),
        .raft(GroupID(7), []), .raft(GroupID(.max), Array(0...200)),
        .forwardPublish(forward), .forwardReply(stored), .forwardReply(refused),
        .forwardReply(full),
        .readIndexRequest(ReadIndexRequest(request: 17, group: GroupID(3))),
        .readIndexReply(ReadIndexReply(request: 17, group: GroupID(3), index: LogIndex(99))),
        .readIndexReply(ReadIndexReply(request: 17, group: GroupID(3), index: nil)),
        .createTopic(CreateTopic(request: 18, topic: [1, 2, 3])),
        .createTopicReply(CreateTopicReply(request: 18, text: "three nodes are needed – né?")),
        .topicReport(report(replicas: 0)), .topicReport(report(replicas: 3)),
        .lostEntriesRequest(
            LostEntriesRequest(
                request: 19,
                group: GroupID(7),
                entries: [.init(index: LogIndex(5), term: Term(2), checksum: 77)]
            )
        ),
        .repairRequest(
            RepairRequest(
                request: 19,
                group: GroupID(7),
                first: LogIndex(4),
                last: LogIndex(9),
                byteBudget: 65_536
            )
        ),
        .repairReply(RepairReply(request: 19, group: GroupID(7), chunks: Array(1...60))),
        .repairReply(RepairReply(request: 19, group: GroupID(7), chunks: [])),
        .installSnapshot(
            InstallSnapshot(
                group: GroupID(7),
                term: Term(3),
                previousTerm: Term(2),
                first: Array(1...40),
                configuration: Array(1...9)
            )
        ),
        .transferLeadership(TransferLeadership(group: GroupID(7), node: NodeID(3))),
        .commandRequest(CommandRequest(request: 20, group: .meta, command: Array(1...30))),
        .commandReply(CommandReply(request: 20, status: .done, index: LogIndex(8))),
        .commandReply(CommandReply(request: 20, status: .refused, text: "no – and why")),
        .topicUse(GroupID(9)),
        .catchUpOffer(
            CatchUpOffer(
                group: GroupID(7),
                term: Term(3),
                previous: EntryID(index: LogIndex(4), term: Term(2)),
                through: LogIndex(9_000),
                bytes: 128 << 20
            )
        ),
        .interest([]), .interest(interest), .routed([]), .routed(Array(1...50)),
    ]

    private static let interest = [
        InterestChange(isWanted: true, subject: Array("a.*".utf8), queue: nil),
        InterestChange(isWanted: false, subject: Array("b.>".utf8), queue: Array("q".utf8)),
    ]

    static func report(replicas: Int) -> TopicReport {
        TopicReport(
            group: GroupID(7),
            term: Term(2),
            first: Sequence(3),
            next: Sequence(13),
            messages: 10,
            bytes: 1_280,
            lastTime: Timestamp(1_795_394_164_000_000_001),
            replicas: (0..<UInt64(replicas)).map {
                TopicReport.Replica(node: NodeID($0), match: LogIndex(9), isCurrent: $0 == 1)
            }
        )
    }

    private static let cluster = UniqueID(high: 0x0123_4567_89ab_cdef, low: 42)
    private static let store = UniqueID(high: 1, low: .max)

    private static let hello = Hello(
        cluster: cluster,
        listHash: 0xfeed,
        node: "n1",
        store: store,
        incarnation: 3,
        shardCount: 2
    )

    private static func reply(_ refusal: HelloRefusal?) -> HelloReply {
        HelloReply(
            refusal: refusal,
            text: refusal == nil ? "" : "use replace-node",
            cluster: cluster,
            node: "n2",
            store: store,
            incarnation: 4
        )
    }

    private static func beat(_ isDiskStalled: Bool) -> Beat {
        Beat(
            incarnation: 3,
            sentAt: 1_000_000_001,
            wall: Timestamp(1_795_394_164_000_000_001),
            isDiskStalled: isDiskStalled,
            formation: isDiskStalled ? .committed : .inLog,
            level: .software,
            echo: 999,
            echoAge: 12
        )
    }

    private static let forward = ForwardPublish(
        request: 16,
        group: GroupID(7),
        term: Term(2),
        count: 2,
        bodies: Array(1...40)
    )

    private static let stored = ForwardReply(
        request: 16,
        status: .stored,
        text: "",
        runs: [
            ForwardRun(first: Sequence(100), count: 5, outcome: .stored),
            ForwardRun(first: Sequence(3), count: 1, outcome: .duplicate),
            ForwardRun(first: .zero, count: 1, outcome: .dedupFull),
        ]
    )

    private static let full = ForwardReply(
        request: 16,
        status: .diskFull,
        text: "the disk of node n1 is full",
        runs: []
    )

    private static let refused = ForwardReply(
        request: 16,
        status: .notLeader,
        text: "n3 leads",
        runs: []
    )

    /// The frames as a lane sends them.
    static func bytes(_ frames: [Frame] = all) -> [UInt8] {
        var bytes: [UInt8] = []
        for (number, frame) in frames.enumerated() {
            FrameWriter.write(frame, sequence: UInt32(number), into: &bytes)
        }
        return bytes
    }
}

/// A lane's receiving end.
struct Lane {
    private var reader = FrameReader()
    private(set) var frames: [Frame] = []
    var damage: CodecError? { reader.damage }
    var foreignVersion: UInt8? { reader.foreignVersion }
    var pendingByteCount: Int { reader.pendingByteCount }

    init(version: UInt8 = WireVersions.supported.highest) { reader.version = version }

    @discardableResult
    mutating func receive(_ bytes: some Collection<UInt8>) -> Bool {
        Array(bytes).withUnsafeBytes { reader.read($0, into: &frames) }
    }

    /// What arrives of bytes that come at once.
    static func receiving(_ bytes: some Collection<UInt8>) -> Lane {
        var lane = Lane()
        lane.receive(bytes)
        return lane
    }
}
