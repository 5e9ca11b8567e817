/// Bytes that are not what they should be: from a disk, a peer or a client, never trusted.
public enum CodecError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The bytes end before the field at `offset` does.
    case truncated(offset: Int)
    /// A field has a value that it cannot have.
    case invalid(field: String, value: UInt64)
    /// A checksum differs from what it covers.
    case checksumMismatch(field: String)

    /// What is wrong, and where.
    public var description: String {
        switch self {
        case .truncated(let offset): "the bytes end early, at \(offset)"
        case .invalid(let field, let value): "\(field) cannot be \(value)"
        case .checksumMismatch(let field): "the checksum of \(field) does not match"
        }
    }
}

/// Reads little-endian fields one after the other from bytes that may lie.
///
/// Borrows the memory it is given: use it inside the closure that lends that memory.
public struct ByteReader {
    /// What is read.
    public let bytes: UnsafeRawBufferPointer
    /// The offset of the next field.
    public private(set) var offset: Int

    /// Starts at `offset`.
    public init(_ bytes: UnsafeRawBufferPointer, at offset: Int = 0) {
        self.bytes = bytes
        self.offset = Swift.max(0, offset)
    }

    /// How many bytes are left.
    public var remaining: Int { Swift.max(0, bytes.count - offset) }

    /// Reads an integer, little-endian.
    @inlinable
    public mutating func integer<T: FixedWidthInteger>(
        _ type: T.Type = T.self
    ) throws(CodecError) -> T {
        let start = try advance(MemoryLayout<T>.size)
        return T(littleEndian: bytes.loadUnaligned(fromByteOffset: start, as: T.self))
    }

    /// Reads an identifier of 8 bytes.
    @inlinable
    public mutating func identifier<T: Identifier>(
        _ type: T.Type = T.self
    ) throws(CodecError) -> T {
        T(rawValue: try integer(UInt64.self))
    }

    /// Lends the next `count` bytes.
    public mutating func slice(_ count: Int) throws(CodecError) -> UnsafeRawBufferPointer {
        let start = try advance(count)
        return UnsafeRawBufferPointer(rebasing: bytes[start..<start + count])
    }

    /// Copies a blob: a 32-bit length, then that many bytes; at most `limit`.
    public mutating func blob(limit: Int = 1 << 26) throws(CodecError) -> [UInt8] {
        let count = try integer(UInt32.self)
        guard count <= limit else { throw .invalid(field: "length", value: UInt64(count)) }
        return [UInt8](try slice(Int(count)))
    }

    /// Copies a string: a 32-bit length, then UTF-8 (repaired where it is not); at most `limit`.
    public mutating func string(limit: Int = 1 << 16) throws(CodecError) -> String {
        String(decoding: try blob(limit: limit), as: UTF8.self)
    }

    /// Skips `count` bytes and returns where they started.
    public mutating func advance(_ count: Int) throws(CodecError) -> Int {
        guard count >= 0, remaining >= count else { throw .truncated(offset: bytes.count) }
        defer { offset += count }
        return offset
    }
}
