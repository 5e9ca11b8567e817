import Testing
import WiberBase
import WiberMeta

@Suite("The list of nodes for one that joins")
struct NodeListTests {
    private var nodes: [NodeRecord] {
        var second = sampleNode(4)
        second.since = LogIndex(71)
        second.isLeaving = true
        return [sampleNode(1, store: 7), second]
    }

    private func decoded(_ bytes: [UInt8]) throws -> [NodeRecord] {
        try bytes.withUnsafeBytes { raw in
            var reader = ByteReader(raw)
            return try MetaCommand.decodeNodes(&reader)
        }
    }

    @Test func `what was written is read`() throws {
        #expect(try decoded(MetaCommand.encode(nodes)) == nodes)
        #expect(try decoded(MetaCommand.encode([])) == [])
    }

    @Test func `every prefix is refused, and no flipped bit traps`() {
        let bytes = MetaCommand.encode(nodes)
        for count in 0..<bytes.count {
            #expect(throws: CodecError.self) { try decoded(Array(bytes.prefix(count))) }
        }
        for bit in 0..<bytes.count * 8 {
            var damaged = bytes
            damaged[bit / 8] ^= 1 << UInt8(bit % 8)
            guard let list = try? decoded(damaged) else { continue }
            #expect(list.allSatisfy { $0.id.rawValue <= NodeID.nodeMax && $0.id > .zero })
        }
    }

    @Test func `numbers must rise`() {
        let list = [sampleNode(2), sampleNode(1)]
        #expect(throws: CodecError.self) { try decoded(MetaCommand.encode(list)) }
    }
}
