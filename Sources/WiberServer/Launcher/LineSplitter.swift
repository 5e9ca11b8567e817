import Synchronization

/// Makes whole lines of the pieces that a pipe gives.
final class LineSplitter: Sendable {
    /// The longest line that is kept whole, in bytes.
    static let lengthMax = 64 << 10

    private let rest = Mutex<[UInt8]>([])

    /// The lines that `bytes` completes; what follows the last waits for more.
    func lines(in bytes: some Sequence<UInt8>) -> [String] {
        rest.withLock { rest in
            rest += bytes
            var lines: [String] = []
            var start = 0
            while let end = rest[start...].firstIndex(of: UInt8(ascii: "\n")) {
                lines.append(String(decoding: rest[start..<end], as: UTF8.self))
                start = end + 1
            }
            rest.removeFirst(start)
            if rest.count > Self.lengthMax {
                lines.append(String(decoding: rest, as: UTF8.self))
                rest.removeAll()
            }
            return lines
        }
    }

    /// What is left without an end; `nil` if nothing is.
    func last() -> String? {
        rest.withLock { rest in
            defer { rest.removeAll() }
            return rest.isEmpty ? nil : String(decoding: rest, as: UTF8.self)
        }
    }
}
