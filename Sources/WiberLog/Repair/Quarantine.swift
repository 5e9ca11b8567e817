import WiberBase

/// Where damaged bytes go before they are overwritten, for people who want to know what happened.
///
/// A file holds one line of text, `path offset count`, and then the bytes as they were. Nothing
/// reads it, and nothing here is ever removed: when it is full, damaged bytes are not kept.
enum Quarantine {
    static let directory = "quarantine"
    /// The most files.
    static let filesMax = 256
    /// The most bytes of all files together.
    static let bytesMax = 64 << 20

    /// Keeps `count` bytes of a file, fewer if it is short; what cannot be read is not kept.
    static func keep(
        _ path: String,
        at offset: Int,
        count: Int,
        on disk: any Disk
    ) throws(DiskError) {
        guard let bytes = readable(path, at: offset, count: count, on: disk) else { return }
        let names = try disk.list(directory)
        guard names.count < filesMax, try size(names, on: disk) + count <= bytesMax else { return }
        let last = names.compactMap { UInt64($0.prefix { $0 != "." }) }.max() ?? 0
        guard last < 1 << 40 else { return }
        let digits = String(last + 1)
        let file =
            directory + "/" + String(repeating: "0", count: max(0, 6 - digits.count))
            + digits + ".bad"
        try disk.makeDirectory(directory)
        try disk.create(file)
        try disk.write(file, at: 0, Array("\(path) \(offset) \(bytes.count)\n".utf8) + bytes)
        try disk.sync(file)
        try disk.syncDirectory(directory)
        try disk.syncDirectory("")
    }

    /// A sector that cannot be read any more has nothing to keep.
    private static func readable(
        _ path: String,
        at offset: Int,
        count: Int,
        on disk: any Disk
    ) -> [UInt8]? {
        do throws(DiskError) {
            let bytes = try disk.read(path, at: offset, count: count)
            return bytes.isEmpty ? nil : bytes
        } catch {
            return nil
        }
    }

    private static func size(_ names: [String], on disk: any Disk) throws(DiskError) -> Int {
        var sum = 0
        for name in names { sum += try disk.size(directory + "/" + name) ?? 0 }
        return sum
    }
}
