import CWiber
import Testing
import WiberBase

@Suite("CRC-32C")
struct CRC32CTests {
    /// RFC 3720, appendix B.4, and the check value of the catalogue of CRC algorithms.
    static let vectors: [([UInt8], UInt32)] = [
        (Array("123456789".utf8), 0xe306_9283),
        (Array(repeating: 0, count: 32), 0x8a91_36aa),
        (Array(repeating: 0xff, count: 32), 0x62a8_ab43),
        (Array(0..<32), 0x46dd_794e),
        (Array((0..<32).reversed()), 0x113f_db5c),
        ([], 0),
    ]

    @Test(arguments: vectors)
    func `it gives the known values`(bytes: [UInt8], expected: UInt32) {
        #expect(CRC32C.checksum(bytes) == expected)
    }

    @Test func `the CPU's instruction and the portable loop agree at every length and place`() {
        var random = RandomSource(seed: 1)
        let bytes = (0..<320).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        bytes.withUnsafeBytes { raw in
            for start in 0..<9 {
                for count in 0..<300 {
                    let part = UnsafeRawBufferPointer(rebasing: raw[start..<start + count])
                    let crc = UInt32(truncatingIfNeeded: random.next())
                    #expect(
                        wiber_crc32c(crc, part.baseAddress, count)
                            == wiber_crc32c_portable(crc, part.baseAddress, count)
                    )
                }
            }
        }
    }

    @Test func `it may be computed in parts`() {
        let bytes = Array("the quick brown fox".utf8)
        for cut in 0...bytes.count {
            let crc = bytes.withUnsafeBytes { raw in
                let first = CRC32C.checksum(UnsafeRawBufferPointer(rebasing: raw[..<cut]))
                return CRC32C.checksum(UnsafeRawBufferPointer(rebasing: raw[cut...]), from: first)
            }
            #expect(crc == CRC32C.checksum(bytes))
            #expect(CRC32C.checksum(bytes, in: 0..<cut) == CRC32C.checksum(Array(bytes[..<cut])))
        }
    }
}
