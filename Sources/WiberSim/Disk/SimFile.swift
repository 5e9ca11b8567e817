import WiberBase

/// One file's bytes as programs see them, and what of that the platter has.
///
/// Every write since the last sync is remembered with what it replaced, so that a power cut can
/// take back any of the sectors, in any combination.
final class SimFile {
    /// What a disk writes at once or not at all, in bytes.
    static let sector = 512

    private struct Change {
        let offset: Int
        let old: [UInt8]
        let newEnd: Int
    }

    private(set) var bytes: [UInt8]
    private var lastWrite = 0..<0
    private var changes: [Change] = []
    private var durableSize: Int
    /// Sectors whose sync failed: the cache says they are clean, the platter has other bytes.
    private var ghosts: [Int: [UInt8]] = [:]

    init(zeros count: Int) {
        bytes = [UInt8](repeating: 0, count: count)
        durableSize = count
    }

    /// What was written last, as far as it is still there.
    var lastWritten: Range<Int> { lastWrite.clamped(to: 0..<bytes.count) }

    /// Whether anything is not on the platter.
    var isDirty: Bool { !changes.isEmpty || durableSize != bytes.count }

    func read(at offset: Int, count: Int) -> [UInt8] {
        let start = min(max(0, offset), bytes.count)
        return Array(bytes[start..<min(bytes.count, start + max(0, count))])
    }

    func write(_ source: UnsafeRawBufferPointer, at offset: Int) {
        guard !source.isEmpty else { return }
        let end = offset + source.count
        lastWrite = offset..<end
        let oldEnd = min(end, bytes.count)
        let old = offset < oldEnd ? Array(bytes[offset..<oldEnd]) : []
        changes.append(Change(offset: offset, old: old, newEnd: end))
        if bytes.count < end {
            bytes.append(contentsOf: repeatElement(0, count: end - bytes.count))
        }
        bytes.withUnsafeMutableBytes { target in
            UnsafeMutableRawBufferPointer(rebasing: target[offset..<end]).copyMemory(from: source)
        }
        guard !ghosts.isEmpty else { return }
        for sector in offset / Self.sector...(end - 1) / Self.sector { ghosts[sector] = nil }
    }

    func truncate(to size: Int) {
        guard size < bytes.count else { return }
        changes.append(Change(offset: size, old: Array(bytes[size...]), newEnd: size))
        bytes.removeLast(bytes.count - size)
    }

    func sync() {
        changes.removeAll(keepingCapacity: true)
        durableSize = bytes.count
    }

    /// A sync that fails and leaves the pages clean (Rebello 2020): nobody will write them again.
    func failSync() {
        let platter = durableImage()
        for sector in touchedSectors() { ghosts[sector] = Self.part(platter, sector) }
        sync()
    }

    /// What a power cut leaves: each sector that was not synced is old, new, or at times torn.
    func cutPower(_ random: inout RandomSource) {
        let cache = bytes
        let touched = touchedSectors()
        let size = cache.count
        var platter = durableImage()
        let keep = random.draw(0...4)
        let isTearing = random.chance(perMille: 300)
        for sector in touched where random.draw(0...3) < keep {
            let start = sector * Self.sector
            var end = min(start + Self.sector, size)
            guard start < end else { continue }
            if isTearing, random.chance(perMille: 800) {
                end = start + random.place(end - start) + 1
            }
            if platter.count < end {
                platter.append(contentsOf: repeatElement(0, count: end - platter.count))
            }
            platter.replaceSubrange(start..<end, with: cache[start..<end])
        }
        for (sector, old) in ghosts {
            let start = sector * Self.sector
            guard start + old.count <= platter.count else { continue }
            platter.replaceSubrange(start..<start + old.count, with: old)
        }
        ghosts = [:]
        bytes = platter
        sync()
    }

    /// Changes bytes that are on the platter, unseen by any program.
    func corrupt(at offset: Int, _ new: [UInt8]) {
        guard offset >= 0, offset + new.count <= bytes.count else { return }
        bytes.replaceSubrange(offset..<offset + new.count, with: new)
    }

    /// Loses the end of the file.
    func loseEnd(from size: Int) {
        sync()
        bytes.removeLast(max(0, bytes.count - size))
        durableSize = bytes.count
    }

    private func durableImage() -> [UInt8] {
        var image = bytes
        for change in changes.reversed() {
            let end = change.offset + change.old.count
            if image.count < end {
                image.append(contentsOf: repeatElement(0, count: end - image.count))
            }
            image.replaceSubrange(change.offset..<end, with: change.old)
        }
        if image.count > durableSize { image.removeLast(image.count - durableSize) }
        return image
    }

    private func touchedSectors() -> [Int] {
        var sectors: Set<Int> = []
        for change in changes {
            let end = max(change.newEnd, change.offset + change.old.count)
            guard change.offset < end else { continue }
            sectors.formUnion(change.offset / Self.sector...(end - 1) / Self.sector)
        }
        return sectors.sorted()
    }

    private static func part(_ image: [UInt8], _ sector: Int) -> [UInt8] {
        let start = min(sector * Self.sector, image.count)
        return Array(image[start..<min(start + Self.sector, image.count)])
    }
}
