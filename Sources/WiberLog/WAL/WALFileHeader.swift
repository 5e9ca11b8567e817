import WiberBase

/// The first page of a write-ahead log file, written once when the file is made.
///
///     byte  size  field
///     0     4     magic     "WWF1"
///     4     4     checksum  CRC-32C of bytes 8 ..< 32, from the store's salt
///     8     8     number    the file's name as a number
///     16    8     size      of the file, in bytes: a shorter file has lost its end
///     24    8     zeros
///     32    …     zeros up to 4096; batches follow
struct WALFileHeader: Equatable {
    static let magic: UInt32 = 0x3146_5757
    static let length = 32

    var number: UInt64
    var size: UInt64

    func encode(salt: UInt32) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.appendInteger(Self.magic)
        bytes.appendInteger(UInt32(0))
        bytes.appendInteger(number)
        bytes.appendInteger(size)
        bytes.appendInteger(UInt64(0))
        let checksum = bytes.withUnsafeBytes {
            CRC32C.checksum(UnsafeRawBufferPointer(rebasing: $0[8...]), from: salt)
        }
        bytes.setInteger(checksum, at: 4)
        return bytes
    }

    /// Reads the first page of a file.
    static func decode(
        _ page: UnsafeRawBufferPointer,
        salt: UInt32
    ) throws(CodecError) -> WALFileHeader {
        var reader = ByteReader(page)
        let magic = try reader.integer(UInt32.self)
        guard magic == Self.magic else { throw .invalid(field: "magic", value: UInt64(magic)) }
        let checksum = try reader.integer(UInt32.self)
        var covered = ByteReader(page, at: 8)
        guard CRC32C.checksum(try covered.slice(length - 8), from: salt) == checksum else {
            throw .checksumMismatch(field: "file header")
        }
        let header = WALFileHeader(number: try reader.integer(), size: try reader.integer())
        guard UnsafeRawBufferPointer(rebasing: page[length...]).isZero else {
            throw .invalid(field: "bytes after the file header", value: 1)
        }
        return header
    }
}

/// A write-ahead log file.
struct WALFile: Equatable, Sendable {
    static let directory = "wal"
    /// Every batch starts on a block of this size, in bytes.
    static let blockSize = 4_096
    /// Where the first batch starts.
    static let firstOffset = 4_096

    /// 1, 2, 3 …: says nothing about the order of use.
    var number: UInt64
    var size: Int

    var path: String { Self.path(of: number) }

    static func path(of number: UInt64) -> String {
        let digits = String(number)
        return directory + "/" + String(repeating: "0", count: max(0, 8 - digits.count)) + digits
            + ".wal"
    }

    /// The number in a file's name, if it is one that ``path(of:)`` makes.
    static func number(ofName name: String) -> UInt64? {
        guard name.hasSuffix(".wal"), let number = UInt64(name.dropLast(4)), number > 0,
            path(of: number) == directory + "/" + name
        else { return nil }
        return number
    }

    /// Makes the file with zeros and its header, durable with its name (rule 8).
    func creationSteps(salt: UInt32) -> [DiskStep] {
        let header = WALFileHeader(number: number, size: UInt64(size))
        let steps: [DiskStep] = [
            .createZeroed(path: path, size: size),
            .write(path: path, offset: 0, bytes: header.encode(salt: salt)),
            .sync(path: path),
            .syncDirectory(path: Self.directory),
        ]
        return Mutant.nameNotSynced.isOn ? steps.dropLast() : steps
    }

    /// `count` bytes in whole blocks.
    static func padded(_ count: Int) -> Int { (count + blockSize - 1) / blockSize * blockSize }
}
