import Testing
import WiberBase

@testable import WiberWire

@Suite("UTF-8")
struct UTF8CheckTests {
    @Test func `all sequences of up to two bytes agree with the standard library`() {
        for first in UInt8.min...UInt8.max {
            compare([first])
            for second in UInt8.min...UInt8.max { compare([first, second]) }
        }
    }

    @Test func `so do longer ones around the limits of each length`() {
        let edges: [UInt8] = [
            0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0,
            0xe1,
            0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff,
        ]
        for first in edges {
            for second in edges {
                for third in edges {
                    compare([first, second, third])
                    for fourth in edges where first >= 0xf0 {
                        compare([first, second, third, fourth])
                    }
                }
            }
        }
    }

    @Test func `nothing is text`() { #expect(isValid([])) }

    private func compare(_ bytes: [UInt8]) {
        guard isValid(bytes) != isText(bytes) else { return }
        Issue.record("\(bytes)")
    }

    private func isValid(_ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBytes { UTF8Check.isValid($0) }
    }

    private func isText(_ bytes: [UInt8]) -> Bool {
        String(validating: bytes, as: UTF8.self) != nil
    }
}
