import WiberBase

/// Looks into a message's header block: `NATS/1.0`, then `Key: Value` lines, then an empty one.
public enum NATSHeaders {
    /// The longest header block that a topic stores, in bytes.
    public static let lengthMax = 65_535

    /// The first value of a key, as it is spelled, without the space around it; `nil` if there is
    /// none, or it is empty.
    public static func value(
        of key: StaticString,
        in headers: UnsafeRawBufferPointer
    ) -> UnsafeRawBufferPointer? {
        var start = 0
        while let end = ByteSearch.firstIndex(of: UInt8(ascii: "\n"), in: headers, from: start) {
            let line = UnsafeRawBufferPointer(rebasing: headers[start..<end])
            start = end + 1
            guard line.count > key.utf8CodeUnitCount,
                line[key.utf8CodeUnitCount] == UInt8(ascii: ":"),
                (0..<key.utf8CodeUnitCount).allSatisfy({ line[$0] == key.utf8Start[$0] })
            else { continue }
            let value = trimmed(line[(key.utf8CodeUnitCount + 1)...])
            return value.isEmpty ? nil : value
        }
        return nil
    }

    /// All values of each name, in the order in which the names come first.
    ///
    /// Names are as they are spelled, values without the space around them; a line without a colon,
    /// as that of the version, is passed over.
    public static func fields(
        in headers: UnsafeRawBufferPointer
    ) -> [(name: UnsafeRawBufferPointer, values: [UnsafeRawBufferPointer])] {
        var fields: [(name: UnsafeRawBufferPointer, values: [UnsafeRawBufferPointer])] = []
        var places: [[UInt8]: Int] = [:]
        var start = 0
        while let end = ByteSearch.firstIndex(of: UInt8(ascii: "\n"), in: headers, from: start) {
            let line = UnsafeRawBufferPointer(rebasing: headers[start..<end])
            start = end + 1
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > 0 else { continue }
            let name = UnsafeRawBufferPointer(rebasing: line[..<colon])
            let value = trimmed(line[(colon + 1)...])
            if let place = places[Array(name)] {
                fields[place].values.append(value)
            } else {
                places[Array(name)] = fields.count
                fields.append((name: name, values: [value]))
            }
        }
        return fields
    }

    private static func trimmed(_ text: Slice<UnsafeRawBufferPointer>) -> UnsafeRawBufferPointer {
        var rest = text
        while let first = rest.first, isBlank(first) { rest.removeFirst() }
        while let last = rest.last, isBlank(last) { rest.removeLast() }
        return UnsafeRawBufferPointer(rebasing: rest)
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 32 || byte == 9 || byte == 13 }
}
