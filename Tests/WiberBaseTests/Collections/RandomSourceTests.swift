import Testing
import WiberBase

@Suite("Seeded randomness")
struct RandomSourceTests {
    @Test func `it is SplitMix64, the same everywhere and for ever`() {
        var zero = RandomSource(seed: 0)
        #expect(zero.next() == 0xe220_a839_7b1d_cdaf)
        #expect(zero.next() == 0x6e78_9e6a_a1b9_65f4)
        #expect(zero.next() == 0x06c4_5d18_8009_454f)
        var other = RandomSource(seed: 1_234_567)
        #expect(other.next() == 6_457_827_717_110_365_317)
    }
}
