import Testing
import WiberBase

@testable import WiberRaft

@Suite("Configurations: majorities and bytes")
struct ConfigurationTests {
    private static func nodes(_ ids: [UInt64]) -> [NodeID] { ids.map { NodeID($0) } }

    private let joint = Configuration(
        voters: nodes([4, 2, 3, 3]),
        outgoing: nodes([1, 2, 3, 5, 6]),
        learners: nodes([9, 7])
    )

    @Test func `lists are sorted and without repeats`() {
        #expect(joint.voters == Self.nodes([2, 3, 4]))
        #expect(joint.members == Self.nodes([1, 2, 3, 4, 5, 6, 7, 9]))
    }

    @Test func `a quorum is what a count over all subsets says`() {
        for bits in 0..<128 {
            let yes = (0..<7).filter { bits >> $0 & 1 == 1 }.map { NodeID(UInt64($0)) }
            let incoming = joint.voters.filter { yes.contains($0) }.count
            let outgoing = (joint.outgoing ?? []).filter { yes.contains($0) }.count
            let expected = incoming * 2 > 3 && outgoing * 2 > 5
            #expect(joint.isQuorum { yes.contains($0) } == expected)
        }
    }

    @Test func `a quorum's value is what sorting says`() {
        var random = RandomSource(seed: 3)
        for _ in 0..<200 {
            let values = (0..<10).map { _ in random.next() % 20 }
            func value(_ node: NodeID) -> UInt64 { values[Int(node.rawValue)] }
            let incoming = joint.voters.map(value).sorted(by: >)[1]
            let outgoing = (joint.outgoing ?? []).map(value).sorted(by: >)[2]
            #expect(joint.quorumValue(value) == min(incoming, outgoing))
        }
    }

    @Test func `nobody decides in an empty configuration`() {
        let empty = Configuration(voters: [])
        #expect(!empty.isQuorum { _ in true })
        #expect(empty.quorumValue { _ in 7 } == 0)
    }

    @Test(arguments: [true, false])
    func `what is encoded is decoded, and no prefix is`(isJoint: Bool) throws {
        var configuration = joint
        if !isJoint { configuration.outgoing = nil }
        var bytes: [UInt8] = []
        configuration.encode(into: &bytes)
        let decoded = try Self.decode(bytes)
        #expect(decoded == configuration)
        for length in 0..<bytes.count {
            #expect(throws: CodecError.self) { try Self.decode(Array(bytes[..<length])) }
        }
    }

    @Test func `no flipped bit traps`() {
        var bytes: [UInt8] = []
        joint.encode(into: &bytes)
        for bit in 0..<bytes.count * 8 {
            var flipped = bytes
            flipped[bit / 8] ^= 1 << (bit % 8)
            guard let decoded = try? Self.decode(flipped) else { continue }
            #expect(decoded != joint)
        }
    }

    private static func decode(_ bytes: [UInt8]) throws -> Configuration {
        try bytes.withUnsafeBytes { buffer in
            var reader = ByteReader(buffer)
            return try Configuration.decode(&reader)
        }
    }
}
