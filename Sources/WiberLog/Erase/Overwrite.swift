import WiberBase

/// A file whose bytes are being overwritten with zeros, piece by piece.
struct Overwrite: Equatable, Sendable {
    /// The most that one flush overwrites, in bytes.
    static let pieceMax = 4 << 20

    let path: String
    /// What is left of it.
    var range: Range<Int>
    /// The write-ahead log file that can be used again afterwards; `nil`: the file goes.
    let file: WALFile?

    /// A file that goes.
    init(path: String, size: Int) {
        self.path = path
        range = 0..<max(0, size)
        file = nil
    }

    /// A file that is used again: its header stays.
    init(_ file: WALFile) {
        path = file.path
        range = WALFile.firstOffset..<max(WALFile.firstOffset, file.size)
        self.file = file
    }
}

/// What a flush overwrites.
struct OverwriteStep: Sendable {
    let steps: [DiskStep]
    let path: String
    let byteCount: Int
    /// Whether nothing is left of it.
    let isLast: Bool
}

extension Disk {
    /// Writes zeros over a part of a file, as far as the file reaches; nothing if there is none.
    func overwrite(_ path: String, _ range: Range<Int>) throws(DiskError) {
        guard let size = try size(path) else { return }
        let end = min(size, range.upperBound)
        let zeros = [UInt8](repeating: 0, count: min(1 << 20, max(0, end - range.lowerBound)))
        var offset = range.lowerBound
        while offset < end {
            let count = min(zeros.count, end - offset)
            try write(path, at: offset, count == zeros.count ? zeros : Array(zeros[..<count]))
            offset += count
        }
    }
}
