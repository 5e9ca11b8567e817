import Foundation

/// Damages a file in every way, one at a time, and counts what comes of it.
struct Sweep {
    /// Whether zeros are no exception, and the write-ahead log is one of 64 KiB: for minutes, in a
    /// release build.
    static let isFull = ProcessInfo.processInfo.environment["WIBER_EVERY_BIT"] != nil
    private static let isShowing = ProcessInfo.processInfo.environment["WIBER_SHOW"] != nil
    /// Otherwise, of zeros only one bit in so many bytes is flipped, and one length tried.
    private static let stride = 64

    let story: Story
    /// Whether one bit of each byte and each eighth length are enough, in the short form.
    private let isThin: Bool
    private(set) var counts: [Outcome: Int] = [:]
    /// What is not allowed: the first few, in words.
    private(set) var failures: [String] = []

    init(_ story: Story, isThin: Bool = false) {
        self.story = story
        self.isThin = isThin && !Self.isFull
    }

    /// Flips each bit of `range`, or in a `sample` few of its zeros; `allowed` says what may come of
    /// it, by the byte.
    mutating func flip(
        _ path: String,
        in range: Range<Int>,
        sample: Bool = !isFull,
        allowed: (Int) -> Set<Outcome>
    ) {
        guard var bytes = story.files[path] else { return failures.append("\(path) is missing") }
        for byte in range {
            let isSampled = sample && bytes[byte] == 0
            let allowed = allowed(byte)
            let bits = isThin ? byte % 8..<byte % 8 + 1 : 0..<8
            for bit in isSampled ? Self.bits(byte) : bits {
                bytes[byte] ^= 1 << UInt8(bit)
                note(story.outcome(path, bytes), allowed, "\(path): bit \(bit) of byte \(byte)")
                bytes[byte] ^= 1 << UInt8(bit)
            }
        }
    }

    /// Flips each bit of a file.
    mutating func flip(_ path: String, allowed: (Int) -> Set<Outcome>) {
        flip(path, in: 0..<(story.files[path]?.count ?? 0), allowed: allowed)
    }

    /// Writes each sector that has something in it to each other sector's place.
    mutating func misplace(_ path: String, allowed: (Int) -> Set<Outcome>) {
        guard let whole = story.files[path] else { return failures.append("\(path) is missing") }
        let starts = Swift.stride(from: 0, to: whole.count, by: 512)
        let sectors = starts.map { $0..<min($0 + 512, whole.count) }
        for from in sectors where whole[from].contains(where: { $0 != 0 }) {
            for to in sectors where to.count == from.count && whole[to] != whole[from] {
                var bytes = whole
                bytes.replaceSubrange(to, with: whole[from])
                let what = "\(path): bytes \(from) at \(to.lowerBound)"
                note(story.outcome(path, bytes), allowed(to.lowerBound), what)
            }
        }
    }

    /// Cuts a file at each length.
    mutating func truncate(_ path: String, allowed: (Int) -> Set<Outcome>) {
        guard let bytes = story.files[path] else { return failures.append("\(path) is missing") }
        for count in bytes.indices
        where Self.isFull || count % Self.stride == 0
            || bytes[count] != 0 && (!isThin || count % 8 == 0)
        {
            let outcome = story.outcome(path, Array(bytes[..<count]))
            note(outcome, allowed(count), "\(path): cut at \(count)")
        }
    }

    /// One bit of every so many bytes.
    private static func bits(_ byte: Int) -> Range<Int> {
        let bit = byte / stride % 8
        return byte % stride == 0 ? bit..<bit + 1 : 0..<0
    }

    private mutating func note(_ outcome: Outcome, _ allowed: Set<Outcome>, _ what: String) {
        counts[outcome, default: 0] += 1
        guard !allowed.contains(outcome), failures.count < 8 else { return }
        failures.append("\(what): \(outcome)")
    }

    /// Prints the figures, for `docs`.
    func show(_ what: String) {
        guard Self.isShowing else { return }
        print(what, counts.map { "\($0.key): \($0.value)" }.sorted().joined(separator: ", "))
    }
}
