import Crypto
public import WiberTopic

/// The shard's digests: the first 128 bits of a SHA-256.
public let sha256Digester: Digester = { bytes in
    var hash = SHA256()
    hash.update(bufferPointer: bytes)
    return hash.finalize().withUnsafeBytes { digest in
        Digest128(
            high: UInt64(bigEndian: digest.loadUnaligned(fromByteOffset: 0, as: UInt64.self)),
            low: UInt64(bigEndian: digest.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        )
    }
}
