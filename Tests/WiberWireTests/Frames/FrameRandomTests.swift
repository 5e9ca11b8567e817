import Testing
import WiberBase

@testable import WiberWire

@Suite("Random bytes as frames")
struct FrameRandomTests {
    @Test func `random bytes are refused and never trap`() {
        for seed in 0..<UInt64(20_000) {
            var random = RandomSource(seed: seed)
            let lane = Lane.receiving(garbage(64, &random))
            #expect(lane.frames == [], "seed \(seed)")
        }
    }

    @Test func `random bodies under a right checksum never trap`() {
        for seed in 0..<UInt64(20_000) {
            var random = RandomSource(seed: seed)
            let kind = UInt8.random(in: 0...13, using: &random)
            var body = garbage(48, &random)
            // Small numbers, so that lengths and counts often fit.
            for place in body.indices where Bool.random(using: &random) { body[place] &= 3 }
            let lane = Lane.receiving(sealed(kind: kind, body))
            #expect(lane.frames.count == (lane.damage == nil ? 1 : 0), "seed \(seed)")
        }
    }

    @Test func `frames in random parts arrive as in one`() {
        for seed in 0..<UInt64(1_000) {
            var random = RandomSource(seed: seed)
            let frames = (0..<20).map { _ in
                FrameSamples.all[Int.random(in: 0..<FrameSamples.all.count, using: &random)]
            }
            let bytes = FrameSamples.bytes(frames)
            var lane = Lane()
            var start = 0
            while start < bytes.count {
                let end = min(bytes.count, start + Int.random(in: 1...300, using: &random))
                lane.receive(bytes[start..<end])
                start = end
            }
            #expect(lane.frames == frames, "seed \(seed)")
            #expect(lane.damage == nil, "seed \(seed)")
        }
    }

    @Test func `damage in random parts is found, and what came before it counts`() {
        for seed in 0..<UInt64(1_000) {
            var random = RandomSource(seed: seed)
            var bytes = FrameSamples.bytes()
            bytes[Int.random(in: 0..<FrameHeader.size, using: &random)] ^= 1
            let broken = FrameSamples.bytes([.goodbye]) + bytes
            var lane = Lane()
            var start = 0
            while start < broken.count {
                let end = min(broken.count, start + Int.random(in: 1...100, using: &random))
                lane.receive(broken[start..<end])
                start = end
            }
            #expect(lane.frames == [.goodbye], "seed \(seed)")
            #expect(lane.damage != nil, "seed \(seed)")
        }
    }

    private func garbage(_ most: Int, _ random: inout RandomSource) -> [UInt8] {
        (0..<Int.random(in: 0...most, using: &random)).map { _ in
            UInt8.random(in: 0...255, using: &random)
        }
    }
}
