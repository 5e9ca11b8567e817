/// The reply to HISTORY, read without a JSON parser: the simulator's payloads need no escapes.
enum HistoryLine {
    private static let sequence = Array("{\"sequence\":".utf8)
    private static let data = Array("\"data\":\"".utf8)

    /// Calls `visit` with the sequence and the payload of each message, in order.
    static func forEachMessage(
        in line: ArraySlice<UInt8>,
        _ visit: (UInt64, ArraySlice<UInt8>) -> Void
    ) {
        var rest = line
        while let start = end(of: sequence, in: rest) {
            var number: UInt64 = 0
            var place = start
            while place < rest.endIndex, (48...57).contains(rest[place]) {
                number = number &* 10 &+ UInt64(rest[place] - 48)
                place += 1
            }
            rest = rest[place...]
            guard let first = end(of: data, in: rest),
                let last = rest[first...].firstIndex(of: UInt8(ascii: "\""))
            else { return }
            visit(number, rest[first..<last])
            rest = rest[last...]
        }
    }

    /// Where the first `pattern` in `bytes` ends.
    private static func end(of pattern: [UInt8], in bytes: ArraySlice<UInt8>) -> Int? {
        var place = bytes.startIndex
        while place + pattern.count <= bytes.endIndex {
            guard let next = bytes[place...].firstIndex(of: pattern[0]),
                next + pattern.count <= bytes.endIndex
            else { return nil }
            if bytes[next..<next + pattern.count].elementsEqual(pattern) {
                return next + pattern.count
            }
            place = next + 1
        }
        return nil
    }
}
