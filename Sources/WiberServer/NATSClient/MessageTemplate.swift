import Foundation

/// A text with places that each message fills anew, as the `nats` command has them.
///
/// `{{Count}}`, `{{Time}}`, `{{TimeStamp}}`, `{{Unix}}`, `{{UnixNano}}`, `{{ID}}`,
/// `{{Random MIN MAX}}` and, in answers, `{{Request}}`. Anything else in braces stays as it is.
public struct MessageTemplate: Sendable {
    /// The longest text that `{{Random}}` makes, in bytes.
    static let randomMax = 1 << 20

    private enum Part {
        case text(String)
        case count, time, timeStamp, unix, unixNano, id, request
        case random(ClosedRange<Int>)
    }

    private let parts: [Part]

    /// Reads a text; with `isPlain` nothing in it is a place.
    public init(_ text: String, isPlain: Bool = false) {
        var parts: [Part] = []
        var rest = Substring(text)
        while !isPlain, let start = rest.firstRange(of: "{{"),
            let end = rest[start.upperBound...].firstRange(of: "}}")
        {
            parts.append(.text(String(rest[..<start.lowerBound])))
            let place = rest[start.upperBound..<end.lowerBound]
            parts.append(
                Self.part(place) ?? .text(String(rest[start.lowerBound..<end.upperBound]))
            )
            rest = rest[end.upperBound...]
        }
        self.parts = parts + [.text(String(rest))]
    }

    private static func part(_ text: Substring) -> Part? {
        let words = text.split(separator: " ")
        switch (words.first.map(String.init), words.count) {
        case ("Count", 1): return .count
        case ("Time", 1): return .time
        case ("TimeStamp", 1): return .timeStamp
        case ("Unix", 1): return .unix
        case ("UnixNano", 1): return .unixNano
        case ("ID", 1): return .id
        case ("Request", 1): return .request
        case ("Random", 3):
            guard let least = Int(words[1]), let most = Int(words[2]), least >= 0, least <= most,
                most <= randomMax
            else { return nil }
            return .random(least...most)
        default: return nil
        }
    }

    /// The text of message `number`, which counts from 1.
    public func text(number: Int, request: [UInt8] = []) -> [UInt8] {
        var bytes: [UInt8] = []
        let now = Date()
        for part in parts {
            switch part {
            case .text(let text): bytes += text.utf8
            case .count: bytes += "\(number)".utf8
            case .time: bytes += now.formatted(.iso8601.time(includingFractionalSeconds: true)).utf8
            case .timeStamp: bytes += now.formatted(.iso8601).utf8
            case .unix: bytes += "\(Int(now.timeIntervalSince1970))".utf8
            case .unixNano: bytes += "\(Int(now.timeIntervalSince1970 * 1e9))".utf8
            case .id: bytes += Inbox.unique().utf8
            case .request: bytes += request
            case .random(let range):
                let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)
                for _ in 0..<Int.random(in: range) { bytes.append(letters.randomElement() ?? 65) }
            }
        }
        return bytes
    }
}
