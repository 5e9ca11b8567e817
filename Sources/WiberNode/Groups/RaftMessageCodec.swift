import WiberBase
import WiberRaft

/// Raft messages on the wire, inside a frame whose CRC has been checked.
///
/// Integers are little-endian; byte 0 says which message, bytes 1 ..< 9 are the term. Chunks follow
/// an append, one after the other, each verified before the core hears of it.
enum RaftMessageCodec {
    /// The most entries in one append.
    static let entriesMax = 1_024

    private enum Tag: UInt8 {
        case voteRequest = 1
        case voteResponse = 2
        case append = 3
        case appendResponse = 4
        case timeoutNow = 5
        case stepDown = 6
        case confirm = 7
        case confirmed = 8
    }

    /// Appends a message; nobody could read one with too many entries.
    static func encode(_ message: RaftMessage, into bytes: inout [UInt8]) {
        if case .append(let request) = message {
            invariant(request.entries.count <= entriesMax, "\(request.entries.count) entries")
        }
        func begin(_ tag: Tag, _ term: Term) {
            bytes.append(tag.rawValue)
            bytes.appendInteger(term.rawValue)
        }
        switch message {
        case .voteRequest(let request):
            begin(.voteRequest, request.term)
            encode(request.last, into: &bytes)
            bytes.append((request.isPreVote ? 1 : 0) | (request.isTransfer ? 2 : 0))
        case .voteResponse(let response):
            begin(.voteResponse, response.term)
            bytes.append((response.isPreVote ? 1 : 0) | (response.isGranted ? 2 : 0))
        case .append(let request):
            begin(.append, request.term)
            encode(request.previous, into: &bytes)
            bytes.appendInteger(request.commit.rawValue)
            bytes.append(request.isProbe ? 1 : 0)
            bytes.appendInteger(UInt32(request.entries.count))
        case .appendResponse(let response):
            begin(.appendResponse, response.term)
            bytes.append(response.isRejected ? 1 : 0)
            bytes.appendInteger(response.match.rawValue)
            bytes.appendInteger(response.verified.rawValue)
            bytes.appendInteger(response.refused.rawValue)
            encode(response.hint, into: &bytes)
        case .timeoutNow(let term): begin(.timeoutNow, term)
        case .stepDown(let term): begin(.stepDown, term)
        case .confirm(let term, let round):
            begin(.confirm, term)
            bytes.appendInteger(round)
        case .confirmed(let term, let round):
            begin(.confirmed, term)
            bytes.appendInteger(round)
        }
    }

    private static func encode(_ entry: EntryID, into bytes: inout [UInt8]) {
        bytes.appendInteger(entry.index.rawValue)
        bytes.appendInteger(entry.term.rawValue)
    }

    /// The term of an append, without its entries; `nil` for any other message.
    static func appendTerm(_ bytes: UnsafeRawBufferPointer) -> Term? {
        var reader = ByteReader(bytes)
        guard let tag = try? reader.integer(UInt8.self), tag == Tag.append.rawValue else {
            return nil
        }
        return try? reader.identifier(Term.self)
    }

    /// Reads a message and the chunks that follow it.
    ///
    /// - Throws: ``CodecError`` if anything is off: a field, a chunk, its place, or bytes left over.
    static func decode(
        _ bytes: UnsafeRawBufferPointer,
        group: GroupID
    ) throws(CodecError) -> (RaftMessage, [Chunk]) {
        var reader = ByteReader(bytes)
        let number = try reader.integer(UInt8.self)
        guard let tag = Tag(rawValue: number) else {
            throw .invalid(field: "message", value: UInt64(number))
        }
        let term: Term = try reader.identifier()
        guard term.rawValue < UInt64.max / 2 else {
            throw .invalid(field: "term", value: term.rawValue)
        }
        if tag == .append { return try decodeAppend(&reader, term, group) }
        let message = try decode(tag, term, &reader)
        guard reader.remaining == 0 else {
            throw .invalid(field: "length", value: UInt64(bytes.count))
        }
        return (message, [])
    }

    private static func decode(
        _ tag: Tag,
        _ term: Term,
        _ reader: inout ByteReader
    ) throws(CodecError) -> RaftMessage {
        switch tag {
        case .voteRequest:
            let last = try entry(&reader)
            let flags = try reader.integer(UInt8.self)
            return .voteRequest(
                VoteRequest(
                    term: term,
                    last: last,
                    isPreVote: flags & 1 != 0,
                    isTransfer: flags & 2 != 0
                )
            )
        case .voteResponse:
            let flags = try reader.integer(UInt8.self)
            return .voteResponse(
                VoteResponse(term: term, isGranted: flags & 2 != 0, isPreVote: flags & 1 != 0)
            )
        case .appendResponse:
            let isRejected = try reader.integer(UInt8.self) & 1 != 0
            return .appendResponse(
                AppendResponse(
                    term: term,
                    isRejected: isRejected,
                    match: try index(&reader),
                    verified: try index(&reader),
                    refused: try index(&reader),
                    hint: try entry(&reader)
                )
            )
        case .timeoutNow: return .timeoutNow(term)
        case .stepDown: return .stepDown(term)
        case .confirm: return .confirm(term, round: try reader.integer())
        case .confirmed: return .confirmed(term, round: try reader.integer())
        case .append: throw .invalid(field: "message", value: UInt64(tag.rawValue))
        }
    }

    private static func decodeAppend(
        _ reader: inout ByteReader,
        _ term: Term,
        _ group: GroupID
    ) throws(CodecError) -> (RaftMessage, [Chunk]) {
        let previous = try entry(&reader)
        let commit = try index(&reader)
        let isProbe = try reader.integer(UInt8.self) & 1 != 0
        let count = try reader.integer(UInt32.self)
        guard count <= entriesMax else { throw .invalid(field: "entries", value: UInt64(count)) }
        var chunks: [Chunk] = []
        var expected = previous.index.next
        for _ in 0..<count {
            let chunk = try Chunk.decode(reader.bytes, at: reader.offset)
            _ = try reader.advance(chunk.bytes.count)
            guard chunk.header.group == group, chunk.header.index == expected,
                chunk.header.term <= term
            else { throw .invalid(field: "entry", value: chunk.header.index.rawValue) }
            chunks.append(chunk)
            expected = expected.next
        }
        guard reader.remaining == 0 else {
            throw .invalid(field: "length", value: UInt64(reader.bytes.count))
        }
        let request = AppendRequest(
            term: term,
            previous: previous,
            commit: commit,
            entries: chunks.map { AppendedEntry(term: $0.header.term, kind: EntryKind($0)) },
            isProbe: isProbe
        )
        return (.append(request), chunks)
    }

    private static func index(_ reader: inout ByteReader) throws(CodecError) -> LogIndex {
        let index: LogIndex = try reader.identifier()
        guard index.rawValue < UInt64.max / 2 else {
            throw .invalid(field: "index", value: index.rawValue)
        }
        return index
    }

    private static func entry(_ reader: inout ByteReader) throws(CodecError) -> EntryID {
        let index = try index(&reader)
        let term: Term = try reader.identifier()
        return EntryID(index: index, term: term)
    }
}
