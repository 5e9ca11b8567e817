import Testing
import WiberBase

@testable import WiberLog

@Suite("Every bit of the write-ahead log (rules 3 and 4)")
struct WALDamageTests {
    private static let size = Sweep.isFull ? Story.Size.full : .short

    private static func size(hasReplicas: Bool) -> Story.Size {
        var size = size
        size.hasReplicas = hasReplicas
        return size
    }

    /// What a byte of a log file is.
    private enum Place: Hashable {
        case header
        /// Of a batch that was durable, and is needed.
        case batch
        /// Of the last batch, which nothing says was durable.
        case last
        /// Behind the last batch: zeros, or what an earlier use of the file has left.
        case rest
        /// Of a file that was made for later and is made again by a start.
        case spare

        init(_ path: String, _ byte: Int, _ story: Story) {
            let batches = story.batches
            if !story.logFiles.contains(path) {
                self = .spare
            } else if byte < WALFile.firstOffset {
                self = .header
            } else if batches.last.map({ $0.path == path && $0.range.contains(byte) }) ?? false {
                self = .last
            } else if batches.contains(where: { $0.path == path && $0.range.contains(byte) }) {
                self = .batch
            } else {
                self = .rest
            }
        }

        func allowed(hasReplicas: Bool) -> Set<Outcome> {
            switch self {
            case .header: hasReplicas ? [.waiting] : [.refused]
            case .batch: hasReplicas ? [.waiting, .noted] : [.refused]
            case .last: [.cut]
            case .rest: [.unchanged, .notedTail]
            case .spare: [.unchanged]
            }
        }
    }

    @Test func `a story has all that a damage can hit`() throws {
        for end in Story.End.allCases {
            let story = try Story(end, Self.size)
            #expect(story.whole.recovery.repairs == [] && story.whole.recovery.tornTail == nil)
            #expect(Set(story.batches.map(\.path)).count > 1)
            let used = story.batches.reduce(0) { $0 + $1.range.count }
            #expect(!Sweep.isFull || used >= 64 << 10, "\(used)")
            #expect((story.whole.contents == story.before.contents) == (end == .sealed))
            #expect(story.whole.contents.groups.count == 3)
            #expect(story.whole.contents.groups[GroupID(9)]?.termRuns.count ?? 0 > 1)
            #expect(story.whole.files.keys.filter { $0.hasSuffix(".seg") }.count > 1)
        }
    }

    @Test(arguments: [false, true])
    func `a flipped bit is refused, or its groups wait for others; of the last batch it is cut`(
        hasReplicas: Bool
    ) throws {
        let story = try Story(.open, Self.size(hasReplicas: hasReplicas))
        var sweep = Sweep(story, isThin: hasReplicas)
        for path in story.files.keys.sorted() where path.hasPrefix("wal/") {
            for block in stride(from: 0, to: story.files[path]?.count ?? 0, by: WALFile.blockSize) {
                let place = Place(path, block, story)
                let range = block..<block + WALFile.blockSize
                let isSampled = !Sweep.isFull || place == .rest || place == .spare
                sweep.flip(path, in: range, sample: isSampled) { _ in
                    place.allowed(hasReplicas: hasReplicas)
                }
            }
        }
        #expect(sweep.failures == [])
        for outcome in [hasReplicas ? Outcome.waiting : .refused, .cut, .unchanged] {
            #expect(sweep.counts[outcome] ?? 0 > 0, "\(outcome)")
        }
        sweep.show("WAL, flips" + (hasReplicas ? ", with replicas" : ""))
    }

    @Test func `a flipped bit in a seal loses nothing, and before it is refused`() throws {
        let story = try Story(.sealed, Self.size)
        var sweep = Sweep(story)
        let seal = try #require(story.batches.last)
        sweep.flip(seal.path, in: seal.range) { _ in [.notedTail] }
        #expect(sweep.failures == [])
        let before = try #require(story.batches.dropLast().last)
        let header = before.range.lowerBound..<before.range.lowerBound + BatchHeader.size
        sweep.flip(before.path, in: header) { _ in [.refused] }
        #expect(sweep.failures == [])
        sweep.show("WAL, sealed, flips")
    }

    @Test(arguments: Story.End.allCases, [false, true])
    func `a sector in another one's place is no batch, and none is lost by it`(
        end: Story.End,
        hasReplicas: Bool
    ) throws {
        let story = try Story(end, Self.size(hasReplicas: hasReplicas))
        var sweep = Sweep(story)
        for path in story.files.keys.sorted() where path.hasPrefix("wal/") {
            sweep.misplace(path) { byte in
                let place = Place(path, byte, story)
                var allowed = place.allowed(hasReplicas: hasReplicas).union([.unchanged])
                if place == .last {
                    allowed = end == .sealed ? [.unchanged, .notedTail] : [.cut, .cutWithoutTrace]
                }
                return allowed
            }
        }
        #expect(sweep.failures == [])
        sweep.show("WAL, misplaced sectors" + (hasReplicas ? ", with replicas" : ""))
    }

    @Test(arguments: [false, true])
    func `a log file that ends early is refused at every length, or its groups wait`(
        hasReplicas: Bool
    ) throws {
        let story = try Story(.open, Self.size(hasReplicas: hasReplicas))
        var sweep = Sweep(story, isThin: hasReplicas)
        for path in story.files.keys.sorted() where path.hasPrefix("wal/") {
            let found: Outcome = hasReplicas ? .waiting : .refused
            sweep.truncate(path) { _ in story.logFiles.contains(path) ? [found] : [.unchanged] }
        }
        #expect(sweep.failures == [])
        sweep.show("WAL, cut" + (hasReplicas ? ", with replicas" : ""))
    }
}
