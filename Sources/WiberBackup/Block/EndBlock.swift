public import WiberBase

/// The end of a topic: all of its messages came before.
///
///     byte  size  field
///     0     8     last          message; 0 without any
///     8     8     nextSequence  of the topic
///     16    8     messages
///     24    8     bytes         of their bodies
public struct EndBlock: Equatable, Sendable {
    /// The last message that is there; zero without any.
    public var last: Sequence
    /// Where sequences go on.
    public var nextSequence: Sequence
    /// What came before.
    public var totals: BackupTotals

    /// An end.
    public init(last: Sequence, nextSequence: Sequence, totals: BackupTotals) {
        self.last = last
        self.nextSequence = nextSequence
        self.totals = totals
    }

    /// The block's payload.
    public var payload: [UInt8] {
        var bytes: [UInt8] = []
        bytes.appendInteger(last.rawValue)
        bytes.appendInteger(nextSequence.rawValue)
        totals.encode(into: &bytes)
        return bytes
    }

    /// Reads a block's payload.
    public init(_ block: Block) throws(BackupError) {
        guard block.kind == .end else { throw .misplaced(block.kind) }
        do throws(CodecError) {
            self = try block.payload.read { (reader) throws(CodecError) in
                let end = EndBlock(
                    last: try reader.identifier(),
                    nextSequence: try reader.identifier(),
                    totals: try BackupTotals(&reader)
                )
                guard reader.remaining == 0, end.last < end.nextSequence,
                    end.nextSequence.rawValue < MessageBlock.sequenceEnd
                else { throw .invalid(field: "nextSequence", value: end.nextSequence.rawValue) }
                return end
            }
        } catch {
            throw .damaged(error)
        }
    }
}
