import WiberBase

/// Makes the bytes of a compressed segment file, from its start to its end.
///
/// The segment's header and its footer are blocks of their own and not compressed: they are as long as
/// they were if they have to be made again in their place.
struct BlockWriter: Sendable {
    private let blockLength: Int
    private var pending: [UInt8] = []
    private var table = BlockTable()
    /// Where the next bytes go.
    var end: Int { table.blocksEnd }

    init(blockLength: Int) {
        self.blockLength = min(max(1, blockLength), Block.lengthMax)
    }

    /// What a segment's header becomes.
    mutating func begin(_ header: [UInt8]) -> [UInt8] { encode(header[...], mayCompress: false) }

    /// Takes a chunk, and gives back what is to be written of it and of those before.
    mutating func add(_ bytes: [UInt8]) -> [UInt8] {
        pending += bytes
        var blocks: [UInt8] = []
        var start = 0
        while pending.count - start >= blockLength {
            blocks += encode(pending[start..<start + blockLength], mayCompress: true)
            start += blockLength
        }
        pending.removeFirst(start)
        return blocks
    }

    /// Takes the segment's footer; what is to be written ends the file.
    mutating func finish(_ footer: [UInt8]) -> [UInt8] {
        var blocks = pending.isEmpty ? [] : encode(pending[...], mayCompress: true)
        pending = []
        blocks += encode(footer[...], mayCompress: false)
        return blocks + table.encode()
    }

    /// The size of the file once it is finished.
    var fileSize: Int { table.fileSize }

    private mutating func encode(_ bytes: ArraySlice<UInt8>, mayCompress: Bool) -> [UInt8] {
        var blocks: [UInt8] = []
        var rest = bytes
        while !rest.isEmpty {
            let piece = rest.prefix(Block.lengthMax)
            rest = rest.dropFirst(Block.lengthMax)
            let block = piece.withUnsafeBytes {
                Block.encode($0, start: table.length, mayCompress: mayCompress)
            }
            table.append(length: piece.count, storedLength: block.count - Block.headerLength)
            blocks += block
        }
        return blocks
    }
}
