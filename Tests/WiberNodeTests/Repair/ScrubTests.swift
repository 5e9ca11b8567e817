import Testing
import WiberBase

@testable import WiberNode

@Suite("What nobody reads is verified, too")
struct ScrubTests {
    private func lab() -> NodeLab {
        var options = NodeLab.Options()
        options.limits.scrubInterval = .seconds(5)
        options.limits.scrubDelay = .seconds(1)
        let lab = NodeLab(options)
        #expect(lab.publish(node: 0, "news", "first") == 1)
        lab.fill("news", rounds: 120)
        return lab
    }

    @Test func `passes follow one another and read all that is in segments`() {
        let lab = lab()
        lab.run(for: .seconds(6))
        let passes = lab.counters(1).scrubPasses
        let bytes = lab.counters(1).scrubbedBytes
        lab.run(for: .seconds(5))
        #expect(lab.counters(1).scrubPasses == passes + 1)
        #expect(lab.counters(1).scrubbedBytes - bytes > 100_000)
        #expect(lab.counters(1).damageFound == 0)
    }

    @Test(arguments: [5, 30, 70, 5_000, -10, -60, -129, -140])
    func `a flipped bit in any part of any segment is found and repaired`(byte: Int) {
        let lab = lab()
        let paths = lab.segments("news", 2)
        let before = paths.map { lab.machines[2].disk.bytes($0) }
        for (path, bytes) in zip(paths, before).dropLast() {
            lab.flip(path, bit: (byte < 0 ? bytes.count + byte : byte) * 8 + 1, on: 2)
        }
        lab.run(for: .seconds(12))
        for (path, bytes) in zip(paths, before).dropLast() {
            let isSame = lab.machines[2].disk.bytes(path) == bytes
            #expect(isSame, "\(path) byte \(byte)")
        }
        #expect(lab.counters(2).repairs == UInt64(paths.count - 1))
        #expect(lab.counters(2).repairsFailed == 0)
    }

    @Test func `what nobody can repair does not hold up the rest`() {
        let lab = lab()
        for place in 0..<3 {
            lab.flip(lab.segments("news", place)[0], bit: 3_000 * 8, on: place)
        }
        let path = lab.segments("news", 2)[1]
        let before = lab.machines[2].disk.bytes(path)
        lab.flip(path, bit: 3_000 * 8, on: 2)
        lab.run(for: .seconds(40))
        let isSame = lab.machines[2].disk.bytes(path) == before
        #expect(isSame)
        #expect(lab.counters(2).repairsFailed > 0)
        #expect(lab.counters(2).scrubPasses > 0)
    }
}
