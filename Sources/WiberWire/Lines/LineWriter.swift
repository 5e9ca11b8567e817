public import WiberBase

/// Writes what a node says on the line protocol; every line ends in CR LF.
public enum LineWriter {
    /// Writes `OK <sequence>`, with `duplicate` for a message that was stored before.
    public static func ok(_ sequence: Sequence, isDuplicate: Bool, into bytes: inout [UInt8]) {
        bytes.appendLiteral("OK ")
        bytes.appendDecimal(sequence.rawValue)
        bytes.appendLiteral(isDuplicate ? " duplicate\r\n" : "\r\n")
    }

    /// Writes `ERR <CODE> <what, and what to do>`.
    public static func error(_ code: LineErrorCode, _ text: String, into bytes: inout [UInt8]) {
        bytes.appendLiteral("ERR ")
        bytes.append(contentsOf: code.rawValue.utf8)
        bytes.append(UInt8(ascii: " "))
        for byte in text.utf8 { bytes.append(byte < 32 ? UInt8(ascii: " ") : byte) }
        bytes.appendLiteral("\r\n")
    }

    /// Writes `MSG <topic> <sequence> <time> <text>`.
    public static func message(topic: [UInt8], _ message: Message, into bytes: inout [UInt8]) {
        bytes.appendLiteral("MSG ")
        bytes.append(contentsOf: topic)
        bytes.append(UInt8(ascii: " "))
        bytes.appendDecimal(message.sequence.rawValue)
        bytes.append(UInt8(ascii: " "))
        message.time.appendRFC3339(to: &bytes)
        bytes.append(UInt8(ascii: " "))
        escape(message.body.payload, into: &bytes)
        bytes.appendLiteral("\r\n")
    }

    /// Text in one line: `\\`, `\n`, `\r`, and bytes that are not UTF-8 as `\xHH`.
    static func escape(_ text: UnsafeRawBufferPointer, into bytes: inout [UInt8]) {
        if text.allSatisfy({ $0 >= 32 && $0 < 127 && $0 != UInt8(ascii: "\\") }) {
            return bytes.append(contentsOf: text)
        }
        var offset = 0
        while offset < text.count {
            let byte = text[offset]
            let length = UTF8Check.sequenceLength(text, at: offset)
            switch byte {
            case UInt8(ascii: "\\"): bytes.appendLiteral("\\\\")
            case UInt8(ascii: "\n"): bytes.appendLiteral("\\n")
            case UInt8(ascii: "\r"): bytes.appendLiteral("\\r")
            default:
                if length == 0 {
                    bytes.appendLiteral("\\x")
                    bytes.append(hexDigit(byte >> 4))
                    bytes.append(hexDigit(byte & 15))
                } else {
                    bytes.append(contentsOf: text[offset..<offset + length])
                }
            }
            offset += max(1, length)
        }
    }

    private static func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + value - 10
    }

    /// Writes `OK {"commands":[…]}`.
    public static func help(into bytes: inout [UInt8]) {
        let commands: [(String, String)] = [
            ("PING", "answers PONG"),
            ("PUB <topic> <text>", "stores a message; answers OK <sequence> once it is safe"),
            ("PUBID <topic> <id> <text>", "as PUB; a repeat of the id is stored once"),
            ("SUB <topic> [from]", "follows a topic, from a sequence or from now on"),
            ("UNSUB <topic>", "ends that"),
            ("HISTORY <topic> [from] [limit]", "reads stored messages, the newest 100 if not told"),
            ("TOPICS", "lists the topics"),
            ("STATS [topic]", "tells about all topics or one"),
            ("HELP", "this list"),
            ("QUIT", "ends the connection"),
        ]
        bytes.appendLiteral("OK ")
        var json = JSONWriter()
        json.object { json in
            json.array("commands", commands) { json, command in
                json.object { json in
                    json.field("command", command.0)
                    json.field("what", command.1)
                }
            }
        }
        bytes += json.bytes
        bytes.appendLiteral("\r\n")
    }
}
