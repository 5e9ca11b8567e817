/// 128 bits that name something for ever: a cluster, a store, a boot of a machine.
public struct UniqueID: Hashable, Sendable, CustomStringConvertible {
    /// The upper 64 bits.
    public var high: UInt64
    /// The lower 64 bits.
    public var low: UInt64

    /// Joins two halves.
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Nothing: not known, or not formed yet.
    public static let zero = UniqueID(high: 0, low: 0)

    /// Appends the 16 bytes.
    public func encode(into bytes: inout [UInt8]) {
        bytes.appendInteger(high)
        bytes.appendInteger(low)
    }

    /// Reads the 16 bytes.
    public static func decode(_ reader: inout ByteReader) throws(CodecError) -> UniqueID {
        UniqueID(high: try reader.integer(), low: try reader.integer())
    }

    /// 32 hexadecimal digits.
    public var description: String { Self.hexadecimal(high) + Self.hexadecimal(low) }

    private static func hexadecimal(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
