/// 128 bits of a SHA-256: what stands for a message id or a payload.
public struct Digest128: Hashable, Sendable {
    /// The first 64 bits.
    public var high: UInt64
    /// The next 64 bits.
    public var low: UInt64
    /// A digest.
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }
}

/// Computes a ``Digest128``; given by the host, because pure code has no SHA-256.
public typealias Digester = @Sendable (UnsafeRawBufferPointer) -> Digest128
