import Testing
import WiberBase

@Suite("The ring buffer")
struct RingBufferTests {
    @Test(arguments: UInt64(1)...20)
    func `it does what an array does`(seed: UInt64) {
        var random = RandomSource(seed: seed)
        var ring = RingBuffer<Int>()
        var array: [Int] = []
        for step in 0..<2_000 {
            switch Int.random(in: 0..<16, using: &random) {
            case 0..<8:
                ring.append(step)
                array.append(step)
            case 8..<12:
                #expect(ring.popFirst() == (array.isEmpty ? nil : array.removeFirst()))
            case 12..<14:
                #expect(ring.popLast() == array.popLast())
            case 14:
                guard let place = array.indices.randomElement(using: &random) else { continue }
                ring[place] = -step
                array[place] = -step
            default:
                guard random.next() % 50 == 0 else { continue }
                ring.removeAll()
                array.removeAll()
            }
            #expect(ring.count == array.count)
            #expect(ring.isEmpty == array.isEmpty)
            #expect(ring.first == array.first)
            #expect(ring.last == array.last)
            for place in array.indices.suffix(3) { #expect(ring[place] == array[place]) }
        }
        #expect((0..<ring.count).map { ring[$0] } == array)
    }

    @Test func `it lets go of what was taken`() {
        final class Thing {}
        var ring = RingBuffer<Thing>()
        weak var first: Thing?
        weak var last: Thing?
        do {
            let one = Thing()
            let two = Thing()
            (first, last) = (one, two)
            ring.append(one)
            ring.append(two)
        }
        #expect(first != nil && last != nil)
        ring.popFirst()
        ring.popLast()
        #expect(first == nil && last == nil)
    }

    @Test func `an element is changed in place, without a copy`() {
        var ring = RingBuffer<[UInt8]>()
        var bytes: [UInt8] = []
        bytes.reserveCapacity(64)
        ring.append(bytes)
        bytes = []
        let before = ring[0].withUnsafeBufferPointer(\.baseAddress)
        for byte in 0..<9 as Range<UInt8> { ring[0].append(byte) }
        #expect(ring[0].withUnsafeBufferPointer(\.baseAddress) == before)
        #expect(ring[0].count == 9 && ring.count == 1)
    }
}
