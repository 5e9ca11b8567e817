import WiberBase

/// What the name of a segment file says: the first entry, the first sequence, how often the file was
/// written anew, and whether it is compressed (`….1.seg`, `….2z.seg`).
///
/// A file that is written anew gets another name, so that a read that was planned for the old one
/// never reads the new one. Of files with the same first entry the one with the highest number counts.
struct SegmentName: Equatable, Sendable {
    /// What is being written has this behind its name: it counts for nothing.
    static let unfinished = ".new"
    /// A file that another one took the place of, since it was damaged.
    static let damaged = ".bad"

    var baseIndex: LogIndex
    var baseSequence: Sequence
    var rewrite: UInt32 = 0
    var isCompressed = false

    init(_ header: SegmentHeader) {
        baseIndex = header.baseIndex
        baseSequence = header.baseSequence
        rewrite = header.rewrite
        isCompressed = header.isCompressed
    }

    /// Reads a name; `nil` if it is none that ``text`` makes.
    init?(_ name: some StringProtocol) {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2 || parts.count == 3, parts[parts.count - 1] == "seg" else {
            return nil
        }
        let numbers = parts[0].split(separator: "-", omittingEmptySubsequences: false)
        guard numbers.count == 2, let index = UInt64(numbers[0]), index > 0,
            let sequence = UInt64(numbers[1])
        else { return nil }
        baseIndex = LogIndex(index)
        baseSequence = Sequence(sequence)
        if parts.count == 3 {
            isCompressed = parts[1].hasSuffix("z")
            guard let rewrite = UInt32(parts[1].dropLast(isCompressed ? 1 : 0)), rewrite > 0 else {
                return nil
            }
            self.rewrite = rewrite
        }
        guard text == name else { return nil }
    }

    /// The name of the file at a path.
    init?(path: String) {
        self.init(path[(path.lastIndex(of: "/").map(path.index(after:)) ?? path.startIndex)...])
    }

    var text: String {
        let base = Self.padded(baseIndex.rawValue) + "-" + Self.padded(baseSequence.rawValue)
        let form = isCompressed ? "z" : ""
        return base + (rewrite == 0 ? ".seg" : ".\(rewrite)\(form).seg")
    }

    /// Whether a file is a segment, or what is left of one.
    static func isOurs(_ name: String) -> Bool { SegmentName(name) != nil || isLeftOver(name) }

    /// Whether a file is what is left of a segment.
    static func isLeftOver(_ name: String) -> Bool {
        for suffix in [unfinished, damaged] where name.hasSuffix(suffix) {
            return SegmentName(name.dropLast(suffix.count)) != nil
        }
        return false
    }

    private static func padded(_ value: UInt64) -> String {
        let digits = String(value)
        return String(repeating: "0", count: 20 - digits.count) + digits
    }
}

/// How far apart the chunks of a segment stand.
///
/// In a segment as the flush wrote it, each has the room that it had when it was made: files are the
/// same on all replicas, also where one got a chunk without bodies that were erased. In one that was
/// written anew, each has the room of its bytes.
enum ChunkSpacing: Hashable, Sendable {
    case asMade
    case asStored

    func length(_ chunk: ChunkHeader) -> Int {
        Int(self == .asMade ? chunk.length : chunk.storedLength)
    }
}
