/// Cuts bytes that come in pieces into blocks; holds one block that is not whole at most.
public struct BlockSplitter: Sendable {
    private var bytes: [UInt8] = []
    private var offset = 0

    /// Nothing came yet.
    public init() {}

    /// Whether bytes are left that are no whole block.
    public var hasRest: Bool { offset < bytes.count }

    /// Takes in bytes.
    public mutating func append(_ piece: ArraySlice<UInt8>) {
        if offset > 0 {
            bytes.removeFirst(offset)
            offset = 0
        }
        bytes += piece
    }

    /// The next whole block and its bytes; `nil` if more must come first.
    public mutating func next() throws(BackupError) -> (block: Block, bytes: ArraySlice<UInt8>)? {
        let rest = bytes[offset...]
        guard let length = try Block.length(rest), rest.count >= length else { return nil }
        let whole = ArraySlice(Array(rest.prefix(length)))
        offset += length
        return (try Block.decode(whole), whole)
    }
}
