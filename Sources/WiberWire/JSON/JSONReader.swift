import WiberBase

/// Why a text is no JSON, or not the JSON that was looked for.
public struct JSONError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was looked for.
    public var expected: String
    /// Where, in bytes.
    public var offset: Int

    /// `expected a string at byte 12`.
    public var description: String { "expected \(expected) at byte \(offset)" }
}

/// Reads JSON (RFC 8259) piece by piece, without building it.
public struct JSONReader {
    /// How deep objects and arrays may lie in each other.
    public static let depthMax = 32

    private let bytes: UnsafeRawBufferPointer
    private var offset = 0

    /// At the start of `bytes`.
    public init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// Reads an object; `field` gets each name and must read or skip its value.
    public mutating func object(
        _ field: (String, inout JSONReader) throws(JSONError) -> Void
    ) throws(JSONError) {
        try expect(UInt8(ascii: "{"), "an object")
        guard try !take(UInt8(ascii: "}")) else { return }
        repeat {
            let name = try string()
            try expect(UInt8(ascii: ":"), "a colon")
            try field(name, &self)
        } while try take(UInt8(ascii: ","))
        try expect(UInt8(ascii: "}"), "the end of an object")
    }

    /// Makes sure that nothing but space follows.
    public mutating func end() throws(JSONError) {
        skipSpace()
        guard offset == bytes.count else { throw error("the end") }
    }

    /// Reads `true` or `false`; `nil` is `null`.
    public mutating func flag() throws(JSONError) -> Bool? {
        if takeWord("true") { return true }
        if takeWord("false") { return false }
        if takeWord("null") { return nil }
        throw error("true or false")
    }

    /// Reads a number without fraction; `nil` is `null`.
    public mutating func integer() throws(JSONError) -> Int64? {
        if takeWord("null") { return nil }
        let start = offset
        guard (try? skipNumber()) != nil else { throw error("a whole number") }
        var value: Int64 = 0
        let isNegative = bytes[start] == UInt8(ascii: "-")
        for byte in bytes[(isNegative ? start + 1 : start)..<offset] {
            guard Self.isDigit(byte) else { throw error("a whole number") }
            let (product, isOver) = value.multipliedReportingOverflow(by: 10)
            let (sum, isFar) = product.addingReportingOverflow(Int64(byte - UInt8(ascii: "0")))
            guard !isOver, !isFar else { throw error("a number that fits") }
            value = sum
        }
        return isNegative ? -value : value
    }

    /// Reads a text; `nil` is `null`.
    public mutating func text() throws(JSONError) -> String? {
        if takeWord("null") { return nil }
        return try string()
    }

    /// Reads whatever comes.
    public mutating func skip() throws(JSONError) { try skip(depth: 0) }

    // MARK: Parts

    private mutating func skip(depth: Int) throws(JSONError) {
        guard depth < Self.depthMax else { throw error("less depth") }
        skipSpace()
        switch peek {
        case UInt8(ascii: "{"):
            try object { (_, reader) throws(JSONError) in try reader.skip(depth: depth + 1) }
        case UInt8(ascii: "["):
            offset += 1
            guard try !take(UInt8(ascii: "]")) else { return }
            repeat { try skip(depth: depth + 1) } while try take(UInt8(ascii: ","))
            try expect(UInt8(ascii: "]"), "the end of an array")
        case UInt8(ascii: "\""): _ = try string()
        case UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "n"): _ = try flag()
        default: try skipNumber()
        }
    }

    /// Passes over a number, and makes sure that it ends where it seems to.
    private mutating func skipNumber() throws(JSONError) {
        if peek == UInt8(ascii: "-") { offset += 1 }
        if peek == UInt8(ascii: "0") { offset += 1 } else { try skipDigits() }
        if peek == UInt8(ascii: ".") {
            offset += 1
            try skipDigits()
        }
        if peek == UInt8(ascii: "e") || peek == UInt8(ascii: "E") {
            offset += 1
            if peek == UInt8(ascii: "+") || peek == UInt8(ascii: "-") { offset += 1 }
            try skipDigits()
        }
        guard !(peek.map(Self.isDigit) ?? false) else { throw error("no zero in front") }
    }

    private mutating func skipDigits() throws(JSONError) {
        let start = offset
        while let byte = peek, Self.isDigit(byte) { offset += 1 }
        guard offset > start else { throw error("a value") }
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
    }

    private mutating func string() throws(JSONError) -> String {
        try expect(UInt8(ascii: "\""), "a string")
        var text: [UInt8] = []
        while let byte = peek {
            offset += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"): try escape(&text)
            case 0..<32: throw error("no control character")
            default: text.append(byte)
            }
        }
        throw error("the end of a string")
    }

    private mutating func escape(_ text: inout [UInt8]) throws(JSONError) {
        guard let byte = peek else { throw error("an escape") }
        offset += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(8)
        case UInt8(ascii: "f"): text.append(12)
        case UInt8(ascii: "n"): text.append(10)
        case UInt8(ascii: "r"): text.append(13)
        case UInt8(ascii: "t"): text.append(9)
        case UInt8(ascii: "u"):
            let scalar = Unicode.Scalar(try codePoint()) ?? "\u{fffd}"
            text.append(contentsOf: String(Character(scalar)).utf8)
        default: throw error("an escape")
        }
    }

    /// Four hexadecimal digits, and four more for the second half of a pair.
    private mutating func codePoint() throws(JSONError) -> UInt32 {
        let first = try hexadecimal()
        guard first & 0xfc00 == 0xd800, offset + 1 < bytes.count,
            bytes[offset] == UInt8(ascii: "\\"), bytes[offset + 1] == UInt8(ascii: "u")
        else { return first }
        let before = offset
        offset += 2
        let second = try hexadecimal()
        guard second & 0xfc00 == 0xdc00 else {
            offset = before
            return first
        }
        return 0x1_0000 + (first & 0x3ff) << 10 + second & 0x3ff
    }

    private mutating func hexadecimal() throws(JSONError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = peek, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw error("a hexadecimal digit")
            }
            value = value << 4 | UInt32(digit)
            offset += 1
        }
        return value
    }

    private var peek: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    private mutating func skipSpace() {
        while let byte = peek, byte == 32 || byte == 9 || byte == 10 || byte == 13 { offset += 1 }
    }

    private mutating func take(_ byte: UInt8) throws(JSONError) -> Bool {
        skipSpace()
        guard peek == byte else { return false }
        offset += 1
        skipSpace()
        return true
    }

    private mutating func expect(_ byte: UInt8, _ what: String) throws(JSONError) {
        skipSpace()
        guard peek == byte else { throw error(what) }
        offset += 1
        if byte != UInt8(ascii: "\"") { skipSpace() }
    }

    private mutating func takeWord(_ word: StaticString) -> Bool {
        skipSpace()
        let count = word.utf8CodeUnitCount
        guard offset + count <= bytes.count,
            (0..<count).allSatisfy({ bytes[offset + $0] == word.utf8Start[$0] })
        else { return false }
        offset += count
        return true
    }

    private func error(_ expected: String) -> JSONError {
        JSONError(expected: expected, offset: offset)
    }
}
