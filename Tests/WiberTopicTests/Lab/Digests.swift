import WiberBase
import WiberTopic

/// Stands in for SHA-256: FNV-1a twice, from different starts.
let digester: Digester = { bytes in
    Digest128(high: fnv(bytes, 0xcbf2_9ce4_8422_2325), low: fnv(bytes, 0x1234_5678_9abc_def1))
}

private func fnv(_ bytes: UnsafeRawBufferPointer, _ start: UInt64) -> UInt64 {
    var hash = start
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return hash
}
