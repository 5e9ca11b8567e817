/// A header field as people write it: `Key:Value`.
public struct NATSHeaderField: Equatable, Sendable {
    /// The name, whose letters matter.
    public var name: String
    /// The value, without spaces around it.
    public var value: String

    /// Reads `Key:Value` or `Key: Value`; `nil` if it is none, or would break the header block.
    public init?(_ text: String) {
        guard let colon = text.firstIndex(of: ":") else { return nil }
        let name = text[..<colon]
        let value = text[text.index(after: colon)...].drop { $0 == " " }
        let isName = name.utf8.allSatisfy { $0 > 32 && $0 < 127 }
        guard !name.isEmpty, isName, !value.utf8.contains(13), !value.utf8.contains(10) else {
            return nil
        }
        self.name = String(name)
        self.value = String(value)
    }

    /// The block that goes before a payload; empty if there are no fields.
    public static func block(_ fields: [NATSHeaderField]) -> [UInt8] {
        guard !fields.isEmpty else { return [] }
        let lines = fields.map { "\($0.name): \($0.value)\r\n" }.joined()
        return Array("NATS/1.0\r\n\(lines)\r\n".utf8)
    }

    /// The fields of a block; what is no field is left out.
    public static func fields(of block: UnsafeRawBufferPointer) -> [NATSHeaderField] {
        String(decoding: block, as: UTF8.self).split(separator: "\r\n").dropFirst().compactMap {
            NATSHeaderField(String($0))
        }
    }
}
