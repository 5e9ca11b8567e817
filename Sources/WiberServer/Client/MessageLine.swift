import Foundation

/// A `MSG <topic> <sequence> <time> <text>` line.
public struct MessageLine: Sendable, Equatable {
    /// The topic.
    public var topic: String
    /// The message's place in it.
    public var sequence: UInt64
    /// When it was accepted (RFC 3339).
    public var time: String
    /// The text as the line has it, with escapes.
    public var text: String

    /// Reads a line; `nil` if it is none of a message.
    public init?(_ line: String) {
        let parts = line.split(separator: " ", maxSplits: 4, omittingEmptySubsequences: false)
        guard parts.count == 5, parts[0] == "MSG", let sequence = UInt64(parts[2]) else {
            return nil
        }
        topic = String(parts[1])
        self.sequence = sequence
        time = String(parts[3])
        text = String(parts[4])
    }

    /// The message's bytes: the text without the escapes `\\`, `\n`, `\r` and `\xHH`.
    public var bytes: [UInt8] {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\"), let kind = rest.first else {
                bytes.append(byte)
                continue
            }
            switch kind {
            case UInt8(ascii: "n"): bytes.append(10)
            case UInt8(ascii: "r"): bytes.append(13)
            case UInt8(ascii: "\\"): bytes.append(kind)
            case UInt8(ascii: "x"):
                let digits = String(decoding: rest.dropFirst().prefix(2), as: UTF8.self)
                guard digits.count == 2, let value = UInt8(digits, radix: 16) else {
                    bytes.append(byte)
                    continue
                }
                bytes.append(value)
                rest = rest.dropFirst(2)
            case _:
                bytes.append(byte)
                continue
            }
            rest = rest.dropFirst()
        }
        return bytes
    }

    /// The fields of a message as `HISTORY` has them: `data`, or `data_base64` for other bytes.
    public var fields: [String: Any] {
        var fields: [String: Any] = ["topic": topic, "sequence": sequence, "time": time]
        if let text = String(validating: bytes, as: UTF8.self) {
            fields["data"] = text
        } else {
            fields["data_base64"] = Data(bytes).base64EncodedString()
        }
        return fields
    }
}
