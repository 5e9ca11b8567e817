/// The files of one data directory, as the log needs them; every call blocks.
///
/// Paths are relative to the data directory, with `/` between their parts. What a `write` leaves
/// is durable after the `sync` of its file has returned, and a new or renamed file only after the
/// `syncDirectory` of its directory has, too. After an error of a write or a sync nothing is known
/// of what the disk holds: the process has to end (rule 6).
public protocol Disk: AnyObject, Sendable {
    /// The names in a directory, in no order; none if it does not exist.
    func list(_ directory: String) throws(DiskError) -> [String]
    /// A file's size in bytes; `nil` if it does not exist.
    func size(_ path: String) throws(DiskError) -> Int?
    /// Reads `count` bytes, fewer only if the file ends first.
    func read(_ path: String, at offset: Int, count: Int) throws(DiskError) -> [UInt8]
    /// Makes an empty file unless it is there.
    func create(_ path: String) throws(DiskError)
    /// Writes all of `bytes`; makes the file longer if it is short. One that is missing is an error:
    /// it must not come back as an empty one, without the promises that were in it.
    func write(_ path: String, at offset: Int, _ bytes: UnsafeRawBufferPointer) throws(DiskError)
    /// Makes a file of `size` zero bytes that are written, not only reserved; replaces another.
    func createZeroed(_ path: String, size: Int) throws(DiskError)
    /// Makes a file end at `size`.
    func truncate(_ path: String, to size: Int) throws(DiskError)
    /// Makes a file's bytes and its size durable.
    func sync(_ path: String) throws(DiskError)
    /// Makes the names in a directory durable; `""` is the data directory.
    func syncDirectory(_ path: String) throws(DiskError)
    /// Gives a file another name and replaces what had it.
    func rename(_ path: String, to other: String) throws(DiskError)
    /// Removes a file.
    func remove(_ path: String) throws(DiskError)
    /// Makes a directory unless it is there; its parent exists.
    func makeDirectory(_ path: String) throws(DiskError)
    /// Removes a directory if it is there and empty.
    func removeDirectory(_ path: String) throws(DiskError)
    /// Makes everything durable that any file of this directory holds.
    func syncAll() throws(DiskError)
}

extension Disk {
    /// Writes an array.
    public func write(_ path: String, at offset: Int, _ bytes: [UInt8]) throws(DiskError) {
        let failure = bytes.withUnsafeBytes { buffer -> DiskError? in
            do throws(DiskError) {
                try write(path, at: offset, buffer)
                return nil
            } catch {
                return error
            }
        }
        if let failure { throw failure }
    }
}
