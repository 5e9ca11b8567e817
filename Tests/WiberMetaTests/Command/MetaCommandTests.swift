import Testing
import WiberBase
import WiberMeta

@Suite("Meta commands")
struct MetaCommandTests {
    static let commands: [MetaCommand] = [
        .form(clusterID: sampleCluster, nodes: [sampleNode(1, store: 7), sampleNode(2)]),
        .form(clusterID: sampleCluster, nodes: []),
        .bindStore(node: NodeID(3), storeID: UniqueID(high: 4, low: 5)),
        .createTopic(topic("plain"), replicas: [NodeID(1)]),
        .createTopic(full, replicas: [NodeID(1), NodeID(2), NodeID(3)]),
        .deleteTopic(GroupID(9)),
        .updateTopic(GroupID(9), from: topic("orders"), to: full),
        .move(GroupID(9), to: [NodeID(1), NodeID(4)]),
        .settled(GroupID(9), move: LogIndex(7), members: [NodeID(NodeID(4), since: LogIndex(7))]),
        .drain(NodeID(2), true), .drain(NodeID(2), false),
        .addNode(sampleNode(0), replacing: nil), .addNode(sampleNode(0), replacing: NodeID(2)),
        .removeNode(NodeID(2)), .forgetNode(NodeID(2)), .moveNode(sampleNode(2)),
        .createTopic(restored, replicas: [NodeID(1)]), .restored(GroupID(9)),
        .tagNode(NodeID(2), tags: ["ssd", "zone:a"]), .tagNode(NodeID(2), tags: []),
        .createTopic(limited, replicas: [NodeID(1)]),
        .announce(NodeID(2), LevelRange(.base, .software), software: nil),
        .announce(NodeID(2), LevelRange(.base, .base), software: "0.2.0-rc.1"),
        .raise(.software),
    ]

    /// A topic that may not be everywhere, and not hold everything.
    static var limited: TopicConfiguration {
        var topic = full
        topic.placement = .init(tags: ["ssd", "rack:7"], spread: "zone")
        topic.quota = .init(bytes: 10 << 30, messages: 1_000_000)
        return topic
    }

    /// A topic that is being restored under another name.
    static var restored: TopicConfiguration {
        var topic = full
        topic.ownSubject = "shop"
        topic.restoredFrom = UniqueID(high: 6, low: 7)
        topic.isRestoring = true
        return topic
    }

    static var full: TopicConfiguration {
        var topic = topic("orders", ["orders.*", "shop.>"])
        topic.description = "What was ordered: größer"
        topic.replicas = 3
        topic.retention = .init(maxAge: 1, maxBytes: 0, maxMessages: .max - 1, maxPerSubject: 3)
        topic.allowsRollup = true
        topic.dedupKey = .content
        topic.dedupWindow = 5
        topic.deleteAfterIdle = 77
        topic.allowsTimeToLive = true
        topic.timeToLiveDefault = 88
        topic.keepFrom = 99
        topic.compression = .zstd
        return topic
    }

    @Test(arguments: commands)
    func `what was written is read`(command: MetaCommand) throws {
        let bytes = encoded(command)
        #expect(try decoded(bytes) == command)
    }

    @Test(arguments: commands)
    func `every prefix is refused`(command: MetaCommand) {
        let bytes = encoded(command)
        for count in 0..<bytes.count {
            #expect(throws: CodecError.self, "\(count) bytes") {
                try decoded(Array(bytes.prefix(count)))
            }
        }
    }

    @Test(arguments: commands)
    func `a flipped bit is an error or another command, never a trap`(command: MetaCommand) {
        let bytes = encoded(command)
        for bit in 0..<bytes.count * 8 {
            var damaged = bytes
            damaged[bit / 8] ^= 1 << UInt8(bit % 8)
            var state = MetaState.formed()
            guard let other = try? decoded(damaged) else { continue }
            _ = state.apply(other, at: LogIndex(2))
        }
    }

    @Test(arguments: commands)
    func `noise after the first bytes never traps`(command: MetaCommand) {
        var random = RandomSource(seed: 3)
        let bytes = encoded(command)
        for _ in 0..<500 {
            var noise = bytes
            for place in 2..<noise.count where random.next() % 4 == 0 {
                noise[place] = UInt8(truncatingIfNeeded: random.next())
            }
            _ = try? decoded(noise)
        }
    }

    @Test func `another version is refused, and so is a command from the future`() {
        #expect(throws: CodecError.invalid(field: "version", value: 6)) { try decoded([6, 1]) }
        #expect(throws: CodecError.invalid(field: "command", value: 19)) { try decoded([1, 19]) }
    }

    @Test func `topics of older versions have no limits that those did not have`() throws {
        var bytes = encoded(.createTopic(topic("plain"), replicas: [NodeID(1)]))
        removePlacement(&bytes)
        // Before the count of replicas and one of them: the default time to live, and the floor.
        var place = bytes.count - 16 - 4 - 8
        #expect(bytes[place..<place + 16].allSatisfy { $0 == 0xff })
        bytes.removeSubrange(place..<place + 16)
        bytes[0] = 4
        #expect(try decoded(bytes) == .createTopic(topic("plain"), replicas: [NodeID(1)]))
        // And before those: the limit a subject and the flags.
        place = bytes.count - 9 - 4 - 8
        #expect(bytes[place..<place + 8].allSatisfy { $0 == 0xff })
        bytes.removeSubrange(place..<place + 9)
        bytes[0] = 2
        #expect(try decoded(bytes) == .createTopic(topic("plain"), replicas: [NodeID(1)]))
        // And before those when it is deleted for being idle.
        place = bytes.count - 8 - 4 - 8
        #expect(bytes[place..<place + 8].allSatisfy { $0 == 0xff })
        bytes.removeSubrange(place..<place + 8)
        bytes[0] = 1
        #expect(try decoded(bytes) == .createTopic(topic("plain"), replicas: [NodeID(1)]))
    }

    @Test func `an update of version 2 changes whatever there is`() throws {
        let command = MetaCommand.updateTopic(GroupID(9), from: nil, to: topic("orders"))
        var bytes = encoded(command)
        let length = (bytes.count - 10) / 2
        bytes.removeSubrange(10..<10 + length)
        bytes.removeLast(9 + 16 + Self.placementLength)
        bytes[0] = 2
        #expect(try decoded(bytes) == command)
    }

    @Test func `a topic of version 3 is not being restored, whatever its flags say`() throws {
        let command = MetaCommand.createTopic(topic("orders"), replicas: [NodeID(1)])
        var bytes = encoded(command)
        removePlacement(&bytes)
        bytes.removeSubrange(bytes.count - 12 - 16..<bytes.count - 12)
        bytes[bytes.count - 13] = 6
        bytes[0] = 3
        #expect(try decoded(bytes) == command)
        bytes[0] = 4
        #expect(throws: CodecError.self) { try decoded(bytes) }
    }

    @Test func `a topic behind its version is read, and so is one of an earlier version`() throws {
        func read(_ bytes: [UInt8]) throws -> TopicConfiguration {
            try bytes.withUnsafeBytes { raw in
                var reader = ByteReader(raw)
                return try MetaCommand.decodeVersioned(&reader)
            }
        }
        let bytes = MetaCommand.encodeVersioned(Self.restored)
        #expect(try read(bytes) == Self.restored)
        let old = topic("plain")
        #expect(try read([3] + MetaCommand.encode(old).dropLast(16)) == old)
        #expect(throws: CodecError.invalid(field: "version", value: 9)) { try read([9] + bytes) }
    }

    @Test func `a count is checked before it is believed`() {
        var bytes: [UInt8] = [1, 1]
        sampleCluster.encode(into: &bytes)
        bytes.appendInteger(UInt32.max)
        #expect(throws: CodecError.invalid(field: "count", value: UInt64(UInt32.max))) {
            try decoded(bytes)
        }
    }

    @Test func `a topic travels by itself, and its name is checked`() throws {
        #expect(try MetaCommand.decodeTopic(MetaCommand.encode(Self.full)) == Self.full)
        #expect(throws: CodecError.self) {
            try MetaCommand.decodeTopic(MetaCommand.encode(topic("no/slash")))
        }
        #expect(throws: CodecError.self) { try MetaCommand.decodeTopic([]) }
    }

    /// Where a topic may be and what it may hold, if that is anywhere and anything: new in version 5.
    private static let placementLength = 4 + 4 + 8 + 8

    /// Takes that out of a command that creates a topic on one node.
    private func removePlacement(_ bytes: inout [UInt8]) {
        let end = bytes.count - 4 - 8
        bytes.removeSubrange(end - Self.placementLength..<end)
    }

    private func encoded(_ command: MetaCommand) -> [UInt8] {
        var bytes: [UInt8] = []
        command.encode(into: &bytes)
        return bytes
    }

    private func decoded(_ bytes: [UInt8]) throws -> MetaCommand {
        try bytes.withUnsafeBytes { raw in
            var reader = ByteReader(raw)
            return try MetaCommand.decode(&reader)
        }
    }
}
