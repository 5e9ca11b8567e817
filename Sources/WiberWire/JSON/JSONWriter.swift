public import WiberBase

/// Writes JSON (RFC 8259) without Foundation.
public struct JSONWriter: Sendable {
    /// What has been written.
    public private(set) var bytes: [UInt8] = []
    private var needsComma = false

    /// Nothing yet.
    public init() {}

    /// Writes an object, as a value.
    public mutating func object(_ body: (inout JSONWriter) -> Void) {
        value { writer in
            writer.bytes.append(UInt8(ascii: "{"))
            writer.needsComma = false
            body(&writer)
            writer.bytes.append(UInt8(ascii: "}"))
        }
    }

    /// Writes an object, as a field.
    public mutating func object(_ name: String, _ body: (inout JSONWriter) -> Void) {
        key(name)
        object(body)
    }

    /// Writes an array, as a field.
    public mutating func array<Elements: Swift.Sequence>(
        _ name: String,
        _ elements: Elements,
        _ body: (inout JSONWriter, Elements.Element) -> Void
    ) {
        key(name)
        array(elements, body)
    }

    /// Writes an array, as a value.
    public mutating func array<Elements: Swift.Sequence>(
        _ elements: Elements,
        _ body: (inout JSONWriter, Elements.Element) -> Void
    ) {
        value { writer in
            writer.bytes.append(UInt8(ascii: "["))
            writer.needsComma = false
            for element in elements { body(&writer, element) }
            writer.bytes.append(UInt8(ascii: "]"))
        }
    }

    /// Writes a text field.
    public mutating func field(_ name: String, _ text: String) {
        key(name)
        string(text)
    }

    /// Writes a text field, or null.
    public mutating func field(_ name: String, _ text: String?) {
        key(name)
        if let text { string(text) } else { raw("null") }
    }

    /// Writes a number field.
    public mutating func field(_ name: String, _ number: UInt64) {
        key(name)
        value { $0.bytes.appendDecimal(number) }
    }

    /// Writes a number field, or null.
    public mutating func field(_ name: String, _ number: UInt64?) {
        if let number { field(name, number) } else { field(name, String?.none) }
    }

    /// Writes a field with three digits after the point.
    public mutating func field(_ name: String, thousandths: UInt64) {
        key(name)
        value { writer in
            writer.bytes.appendDecimal(thousandths / 1_000)
            writer.bytes.append(UInt8(ascii: "."))
            let rest = thousandths % 1_000
            for digit in [rest / 100, rest / 10 % 10, rest % 10] {
                writer.bytes.append(UInt8(ascii: "0") + UInt8(digit))
            }
        }
    }

    /// Writes a time field, as RFC 3339 in UTC.
    public mutating func field(_ name: String, _ time: Timestamp) {
        key(name)
        value { writer in
            writer.bytes.append(UInt8(ascii: "\""))
            time.appendRFC3339(to: &writer.bytes)
            writer.bytes.append(UInt8(ascii: "\""))
        }
    }

    /// Writes a truth field.
    public mutating func field(_ name: String, _ flag: Bool) {
        key(name)
        raw(flag ? "true" : "false")
    }

    /// Writes a text value.
    public mutating func string(_ text: String) {
        var text = text
        text.withUTF8 { string(UnsafeRawBufferPointer($0)) }
    }

    /// Writes a text value from UTF-8.
    public mutating func string(_ text: UnsafeRawBufferPointer) {
        value { writer in
            writer.bytes.append(UInt8(ascii: "\""))
            writer.escape(text)
            writer.bytes.append(UInt8(ascii: "\""))
        }
    }

    /// Writes bytes that are not text as a base64 field (RFC 4648).
    public mutating func field(_ name: String, base64 data: UnsafeRawBufferPointer) {
        key(name)
        value { writer in
            writer.bytes.append(UInt8(ascii: "\""))
            writer.base64(data)
            writer.bytes.append(UInt8(ascii: "\""))
        }
    }

    /// Begins a field.
    public mutating func key(_ name: String) {
        string(name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// Begins a field whose name is UTF-8.
    public mutating func key(_ name: UnsafeRawBufferPointer) {
        string(name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    private mutating func raw(_ text: StaticString) { value { $0.bytes.appendLiteral(text) } }

    private mutating func value(_ body: (inout JSONWriter) -> Void) {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        body(&self)
        needsComma = true
    }

    private mutating func escape(_ text: UnsafeRawBufferPointer) {
        for byte in text {
            switch byte {
            case UInt8(ascii: "\""): bytes.appendLiteral("\\\"")
            case UInt8(ascii: "\\"): bytes.appendLiteral("\\\\")
            case UInt8(ascii: "\n"): bytes.appendLiteral("\\n")
            case UInt8(ascii: "\r"): bytes.appendLiteral("\\r")
            case UInt8(ascii: "\t"): bytes.appendLiteral("\\t")
            case 0..<32:
                bytes.appendLiteral("\\u00")
                bytes.append(UInt8(ascii: "0") + byte / 16)
                bytes.append(byte % 16 < 10 ? 48 + byte % 16 : 87 + byte % 16)
            default: bytes.append(byte)
            }
        }
    }

    private mutating func base64(_ data: UnsafeRawBufferPointer) {
        let digits: StaticString =
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        let alphabet = UnsafeBufferPointer(start: digits.utf8Start, count: 64)
        var offset = 0
        while offset < data.count {
            let left = data.count - offset
            let word =
                UInt32(data[offset]) << 16 | (left > 1 ? UInt32(data[offset + 1]) << 8 : 0)
                | (left > 2 ? UInt32(data[offset + 2]) : 0)
            bytes.append(alphabet[Int(word >> 18)])
            bytes.append(alphabet[Int(word >> 12 & 63)])
            bytes.append(left > 1 ? alphabet[Int(word >> 6 & 63)] : UInt8(ascii: "="))
            bytes.append(left > 2 ? alphabet[Int(word & 63)] : UInt8(ascii: "="))
            offset += 3
        }
    }
}
