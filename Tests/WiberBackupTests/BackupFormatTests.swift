import Testing
import WiberBackup
import WiberBase
import WiberTopic

@Suite("The format of backups")
struct BackupFormatTests {
    private let blocks = SampleBackup.topic([3, 4, 9], next: 12)

    @Test(arguments: [1, 7, 1 << 20])
    func `what was written is read, in pieces of any size`(piece: Int) throws {
        let items = try SampleBackup.read(try SampleBackup.stream(blocks), piece: piece)
        #expect(items.count == 6)
        guard case .topic(let topic)? = items.first, case .contents(let contents)? = items.last,
            case .end(let end, _) = items[4]
        else {
            Issue.record("\(items)")
            return
        }
        #expect(topic.configuration == SampleBackup.configuration)
        #expect(topic.backup == SampleBackup.id)
        #expect((topic.firstSequence, topic.nextSequence) == (Sequence(3), Sequence(12)))
        #expect(end.last == Sequence(9))
        #expect(contents.topics.map(\.name) == ["Orders"])
        let found = items.flatMap { item -> [ImportedMessage] in
            if case .messages(let block) = item { return block.messages }
            return []
        }
        #expect(found.map(\.sequence.rawValue) == [3, 4, 9])
        #expect(found.map(\.time.rawValue) == [1_030, 1_040, 1_090])
        let payload = found[0].body.withUnsafeBytes { bytes in
            (try? MessageBody.decode(bytes)).map { String(decoding: $0.payload, as: UTF8.self) }
        }
        #expect(payload == "hello")
    }

    @Test func `a topic without messages has a backup, too`() throws {
        let items = try SampleBackup.read(
            try SampleBackup.stream(SampleBackup.topic([], next: 7))
        )
        #expect(items.count == 3)
    }

    @Test func `every flipped bit is noticed`() throws {
        let bytes = try SampleBackup.stream(blocks)
        for bit in 0..<bytes.count * 8 {
            var damaged = bytes
            damaged[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(throws: BackupError.self, "bit \(bit)") { try SampleBackup.read(damaged) }
        }
    }

    @Test func `every byte that is another one is noticed`() throws {
        let bytes = try SampleBackup.stream(blocks)
        var random = RandomSource(seed: 5)
        for place in bytes.indices {
            var damaged = bytes
            damaged[place] = damaged[place] &+ UInt8(1 + random.next() % 255)
            #expect(throws: BackupError.self, "byte \(place)") { try SampleBackup.read(damaged) }
        }
    }

    @Test func `every shorter stream is incomplete, and more than all is too much`() throws {
        let bytes = try SampleBackup.stream(blocks)
        for count in 0..<bytes.count {
            #expect(throws: BackupError.self, "\(count) bytes") {
                try SampleBackup.read(Array(bytes.prefix(count)))
            }
        }
        #expect(throws: BackupError.tooMuch) { try SampleBackup.read(bytes + blocks[0]) }
        #expect(throws: BackupError.self) { try SampleBackup.read(bytes + [0]) }
    }

    @Test func `blocks that are missing, doubled or swapped are noticed`() throws {
        let contents = Array(try SampleBackup.stream(blocks).suffix(from: blocks.joined().count))
        for place in blocks.indices {
            var missing = blocks
            missing.remove(at: place)
            var doubled = blocks
            doubled.insert(blocks[place], at: place)
            var swapped = blocks
            swapped.swapAt(place, (place + 1) % blocks.count)
            for wrong in [missing, doubled, swapped] {
                #expect(throws: BackupError.self, "block \(place)") {
                    try SampleBackup.read(wrong.flatMap { $0 } + contents)
                }
            }
        }
    }

    @Test func `a block of another backup does not fit in`() throws {
        let other = SampleBackup.topic([3, 4, 9], next: 12, payload: "howdy")
        let contents = Array(try SampleBackup.stream(blocks).suffix(from: blocks.joined().count))
        for place in blocks.indices {
            var mixed = blocks
            mixed[place] = other[place]
            guard mixed != blocks else { continue }
            #expect(throws: BackupError.self, "block \(place)") {
                try SampleBackup.read(mixed.flatMap { $0 } + contents)
            }
        }
    }

    @Test func `noise with a good checksum never traps, nor passes`() throws {
        var random = RandomSource(seed: 9)
        for round in 0..<2_000 {
            let kind: BlockKind = [.topic, .messages, .end, .contents][round % 4]
            var payload = Array(blocks[min(round % 4, 3) % blocks.count].dropFirst(24))
            for place in payload.indices where random.next() % 8 == 0 {
                payload[place] = UInt8(truncatingIfNeeded: random.next())
            }
            var writer = BlockWriter()
            let block = try Block.decode(writer.block(kind, payload)[...])
            var check = BackupCheck()
            _ = try? check.take(block)
            _ = try? TopicBlock(block)
            _ = try? MessageBlock(block)
            _ = try? EndBlock(block)
            _ = try? ContentsBlock(block)
            #expect(!check.isComplete)
        }
    }

    @Test func `messages that are out of order, or no messages, are refused`() throws {
        func block(_ change: (inout [UInt8]) -> Void) throws -> Block {
            var builder = MessageBlockBuilder()
            SampleBackup.append(5, "one", to: &builder)
            SampleBackup.append(6, "two", to: &builder)
            var payload = builder.finish()
            change(&payload)
            var writer = BlockWriter()
            return try Block.decode(writer.block(.messages, payload)[...])
        }
        #expect(try MessageBlock(try block { _ in }).messages.count == 2)
        let changes: [(inout [UInt8]) -> Void] = [
            { $0.setInteger(UInt64(5), at: 0) },  // after the first one
            { $0.setInteger(UInt32(0), at: 8) },  // none
            { $0.setInteger(UInt32.max, at: 8) },  // more than there are
            { $0.setInteger(UInt64(9), at: 12) },  // the first after the second
            { $0.setInteger(UInt64.max, at: 12) },
            { $0.setInteger(UInt64(2_000), at: 20) },  // later than the second
            { $0.setInteger(UInt64.max, at: 20) },
            { $0.setInteger(UInt32.max, at: 28) },  // longer than all
            { $0.setInteger(UInt32(0), at: 28) },
            { $0[32] = 255 },  // flags of a body
            { $0.removeLast() },
            { $0.append(0) },
        ]
        for (place, change) in changes.enumerated() {
            #expect(throws: BackupError.self, "change \(place)") {
                try MessageBlock(try block(change))
            }
        }
    }

    @Test func `totals that are not those of the topic are refused`() throws {
        var writer = BlockWriter()
        let topic = TopicBlock(
            backup: SampleBackup.id,
            takenAt: .zero,
            firstSequence: Sequence(1),
            nextSequence: Sequence(9),
            totals: BackupTotals(messages: 3, bytes: 7),
            configuration: SampleBackup.configuration
        )
        let end = EndBlock(last: .zero, nextSequence: Sequence(9), totals: BackupTotals())
        var check = BackupCheck()
        _ = try check.take(try Block.decode(writer.block(.topic, topic.payload)[...]))
        let last = try Block.decode(writer.block(.end, end.payload)[...])
        #expect(
            throws: BackupError.otherTotals(
                topic: "Orders",
                expected: topic.totals,
                found: BackupTotals()
            )
        ) { try check.take(last) }
    }
}
