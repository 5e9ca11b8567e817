import Testing
import WiberBase
import WiberTopic

@Suite("Commands for a topic's messages")
struct TopicCommandTests {
    static let commands: [TopicCommand] = [
        .purge(before: Sequence(7)), .purge(before: Sequence(.max)), .keep(newest: 0),
        .keep(newest: .max), .remove(Sequence(9)),
    ]

    @Test(arguments: [0, 1, 200])
    func `a block of a backup is read, whatever it is`(length: Int) throws {
        let command = TopicCommand.importBlock(Array(repeating: 7, count: length))
        #expect(try TopicCommand.decode(command.encoded) == command)
    }

    @Test(arguments: commands + [.erase(Sequence(12))])
    func `what was written is read, and no part of it`(command: TopicCommand) throws {
        let bytes = command.encoded
        #expect(try TopicCommand.decode(bytes) == command)
        for count in 0..<bytes.count {
            #expect(throws: CodecError.self) { try TopicCommand.decode(Array(bytes.prefix(count))) }
        }
        #expect(throws: CodecError.self) { try TopicCommand.decode(bytes + [0]) }
    }

    @Test(arguments: [0, 1, 200])
    func `a purge of subjects is read, whatever they are`(length: Int) throws {
        let purge = SubjectPurge(
            pattern: Array(repeating: 0x61, count: length),
            before: Sequence(.max),
            keep: 3
        )
        let bytes = TopicCommand.purgeSubject(purge).encoded
        #expect(try TopicCommand.decode(bytes) == .purgeSubject(purge))
        for count in 0..<18 {
            #expect(throws: CodecError.self) { try TopicCommand.decode(Array(bytes.prefix(count))) }
        }
    }

    @Test(arguments: commands.dropLast())
    func `a target is never beyond the log, nor before its start`(command: TopicCommand) {
        var topic = TopicState(configuration: TopicConfiguration(name: "t", replicas: 1))
        #expect(topic.purge(command) == Sequence(1))
        #expect(!topic.mayTrim)
        // What a peer may send has sequence 0, and must not trap.
        var header = ChunkHeader()
        header.baseSequence = .zero
        topic.appended(Chunk.control(header)) { _ in Digest128(high: 0, low: 0) }
        #expect(topic.purge(command) <= Sequence(1))
    }
}
