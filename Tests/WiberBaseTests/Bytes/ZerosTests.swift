import Testing
import WiberBase

@Suite("Zeros")
struct ZerosTests {
    @Test func `one bit anywhere makes bytes other than zero`() {
        for count in [0, 1, 7, 8, 9, 23] {
            let zeros = [UInt8](repeating: 0, count: count)
            #expect(zeros.withUnsafeBytes { $0.isZero })
            for bit in 0..<count * 8 {
                var bytes = zeros
                bytes[bit / 8] ^= 1 << UInt8(bit % 8)
                #expect(!bytes.withUnsafeBytes { $0.isZero }, "bit \(bit) of \(count) bytes")
            }
        }
    }
}
