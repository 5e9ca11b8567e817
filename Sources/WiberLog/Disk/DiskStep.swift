import WiberBase

/// One call on a disk, as data: what jobs are made of.
enum DiskStep: Sendable {
    case write(path: String, offset: Int, bytes: [UInt8])
    case batch(path: String, offset: Int, Batch)
    case chunks(path: String, offset: Int, [Chunk])
    case create(path: String)
    case createZeroed(path: String, size: Int)
    case sync(path: String)
    /// The same, unless the file is gone.
    case syncIfThere(path: String)
    case syncDirectory(path: String)
    case makeDirectory(path: String)
    case remove(path: String)
    case rename(path: String, to: String)
    /// Removes the segment files in a directory, durably.
    case clear(path: String)
    /// Removes a directory if it is empty.
    case removeDirectory(path: String)
    case syncAll
    case quarantine(path: String, offset: Int, count: Int)
    /// Writes zeros over a part of a file, as far as it is there.
    case overwrite(path: String, range: Range<Int>)

    /// How many bytes one `write` call gets at most, about.
    static let pieceTarget = 4 << 20

    func run(on disk: any Disk) throws(DiskError) {
        switch self {
        case .write(let path, let offset, let bytes): try disk.write(path, at: offset, bytes)
        case .batch(let path, let offset, let batch):
            try Self.write(batch, to: path, at: offset, on: disk)
        case .chunks(let path, let offset, let chunks):
            try Self.write(chunks, to: path, at: offset, on: disk)
        case .create(let path): try disk.create(path)
        case .createZeroed(let path, let size): try disk.createZeroed(path, size: size)
        case .sync(let path):
            if Mutant.failedSyncRetried.isOn, (try? disk.sync(path)) != nil { return }
            try disk.sync(path)
        case .syncIfThere(let path):
            if try disk.size(path) != nil { try disk.sync(path) }
        case .syncDirectory(let path): try disk.syncDirectory(path)
        case .makeDirectory(let path): try disk.makeDirectory(path)
        case .remove(let path):
            if try disk.size(path) != nil { try disk.remove(path) }
        case .rename(let path, let other): try disk.rename(path, to: other)
        case .clear(let path):
            let names = try disk.list(path).filter(SegmentName.isOurs)
            for name in names { try disk.remove(path + "/" + name) }
            if !names.isEmpty { try disk.syncDirectory(path) }
        case .removeDirectory(let path): try disk.removeDirectory(path)
        case .syncAll: try disk.syncAll()
        case .overwrite(let path, let range): try disk.overwrite(path, range)
        case .quarantine(let path, let offset, let count):
            do throws(DiskError) {
                try Quarantine.keep(path, at: offset, count: count, on: disk)
            } catch {
                // A full disk must not keep a repair from being made.
                guard error.isNoSpace else { throw error }
            }
        }
    }

    /// One write for a batch of ordinary size; pieces for a large one, so that memory stays small.
    private static func write(
        _ batch: Batch,
        to path: String,
        at offset: Int,
        on disk: any Disk
    ) throws(DiskError) {
        var piece = batch.head
        piece.reserveCapacity(min(batch.paddedLength, pieceTarget + ChunkHeader.lengthMax))
        var written = 0
        for chunk in batch.chunks {
            piece += chunk.bytes
            guard piece.count >= pieceTarget else { continue }
            try disk.write(path, at: offset + written, piece)
            written += piece.count
            piece.removeAll(keepingCapacity: true)
        }
        piece.append(contentsOf: repeatElement(0, count: batch.paddedLength - batch.length))
        try disk.write(path, at: offset + written, piece)
    }

    private static func write(
        _ chunks: [Chunk],
        to path: String,
        at offset: Int,
        on disk: any Disk
    ) throws(DiskError) {
        var piece: [UInt8] = []
        var written = 0
        for chunk in chunks {
            piece += chunk.bytes
            guard piece.count >= pieceTarget else { continue }
            try disk.write(path, at: offset + written, piece)
            written += piece.count
            piece.removeAll(keepingCapacity: true)
        }
        if !piece.isEmpty { try disk.write(path, at: offset + written, piece) }
    }
}
