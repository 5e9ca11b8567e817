import WiberBase

@testable import WiberWire

/// What a writer appends, as text; behind bytes that it must leave alone.
func written(_ body: (inout [UInt8]) -> Void) -> String {
    var bytes: [UInt8] = Array("> ".utf8)
    body(&bytes)
    guard bytes.starts(with: Array("> ".utf8)) else { return "overwritten" }
    return String(decoding: bytes.dropFirst(2), as: UTF8.self)
}

/// Lends a message with these parts.
func withMessage(
    sequence: UInt64,
    payload: [UInt8],
    subject: String? = nil,
    id: [UInt8]? = nil,
    headers: [UInt8]? = nil,
    _ visit: (Message) -> Void
) {
    var builder = ChunkBuilder()
    payload.withUnsafeBytes { payload in
        Array((subject ?? "").utf8).withUnsafeBytes { subjectBytes in
            (id ?? []).withUnsafeBytes { idBytes in
                var body = MessageBody(payload: payload)
                body.subject = subject == nil ? nil : subjectBytes
                body.id = id == nil ? nil : idBytes
                (headers ?? []).withUnsafeBytes { headerBytes in
                    body.headers = headers == nil ? nil : headerBytes
                    builder.append(body, time: Timestamp(1_795_394_164_000_000_001))
                }
            }
        }
    }
    var header = ChunkHeader()
    header.baseSequence = Sequence(sequence)
    builder.seal(header).forEachMessage { message in
        visit(message)
        return true
    }
}
