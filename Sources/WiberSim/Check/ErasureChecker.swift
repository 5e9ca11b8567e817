import WiberBase
import WiberNode

/// What was erased is in no file any more.
extension World {
    /// Looks through all files of the machines that say that they are done.
    func checkErasures() {
        guard let keys = ledger.topics["keys"], !keys.erased.isEmpty else { return }
        let bodies = keys.erased.sorted().compactMap { sequence in
            keys.bodies[sequence].map { ByteSearch.Pattern(number: sequence, bytes: $0) }
        }
        let search = ByteSearch(bodies)
        for machine in sound where !machine.isDamaged && machine.core?.erasures == 0 {
            for path in machine.disk.paths
            where path.hasPrefix("wal/") || path.hasPrefix("topics/") {
                guard let file = machine.disk.file(path) else { continue }
                let found = search.first(in: file.bytes)
                checker.require(
                    found == nil,
                    "erased",
                    "\(machine.name) still has message \(found?.number ?? 0) of keys in \(path), at byte"
                        + " \(found?.offset ?? 0)"
                )
            }
        }
    }
}

/// Looks for many patterns at once.
struct ByteSearch {
    struct Pattern {
        var number: UInt64
        var bytes: [UInt8]
    }

    /// By their first four bytes.
    private var patterns: [UInt32: [Pattern]] = [:]
    /// Whether a pattern may begin with two bytes.
    private var starts = [Bool](repeating: false, count: 1 << 16)

    init(_ list: [Pattern]) {
        for pattern in list where pattern.bytes.count >= 4 {
            let start = pattern.bytes.withUnsafeBytes { $0.loadUnaligned(as: UInt32.self) }
            patterns[start, default: []].append(pattern)
            starts[Int(start & 0xffff)] = true
        }
    }

    /// The first place where a pattern is.
    func first(in bytes: [UInt8]) -> (number: UInt64, offset: Int)? {
        bytes.withUnsafeBytes { raw in
            var offset = 0
            while offset + 4 <= raw.count {
                defer { offset += 1 }
                let pair = raw.loadUnaligned(fromByteOffset: offset, as: UInt16.self)
                guard starts[Int(pair)] else { continue }
                let start = raw.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
                for pattern in patterns[start] ?? [] where offset + pattern.bytes.count <= raw.count
                {
                    let found = raw[offset..<offset + pattern.bytes.count]
                    guard found.elementsEqual(pattern.bytes) else { continue }
                    // Another text may begin with this one.
                    let next = found.endIndex < raw.count ? raw[found.endIndex] : 0
                    let goesOn = next == UInt8(ascii: ".") || (48...57).contains(next)
                    if !goesOn { return (pattern.number, offset) }
                }
            }
            return nil
        }
    }
}
