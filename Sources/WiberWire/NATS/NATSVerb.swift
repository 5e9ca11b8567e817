import WiberBase

extension NATSScanner {
    /// The first word of an operation, in any case.
    enum Verb: CaseIterable {
        case publish, publishWithHeaders, subscribe, unsubscribe, ping, pong, connect, info, ok
        case error

        /// What the bytes at hand say.
        enum Search {
            case found(Verb)
            /// They may become one.
            case incomplete
            case unknown
        }

        var letters: StaticString {
            switch self {
            case .publish: "PUB"
            case .publishWithHeaders: "HPUB"
            case .subscribe: "SUB"
            case .unsubscribe: "UNSUB"
            case .ping: "PING"
            case .pong: "PONG"
            case .connect: "CONNECT"
            case .info: "INFO"
            case .ok: "+OK"
            case .error: "-ERR"
            }
        }

        var length: Int { letters.utf8CodeUnitCount }

        /// Whether what follows counts; after the others anything may, up to the line's end.
        var hasArguments: Bool {
            switch self {
            case .ping, .pong, .ok: false
            case .publish, .publishWithHeaders, .subscribe, .unsubscribe, .connect, .info, .error:
                true
            }
        }

        /// Whether its arguments are words; a space must stand before them.
        var hasWords: Bool {
            switch self {
            case .ping, .pong, .ok, .connect, .info: false
            case .publish, .publishWithHeaders, .subscribe, .unsubscribe, .error: true
            }
        }

        static func find(_ bytes: UnsafeRawBufferPointer) -> Search {
            let verb: Verb
            switch (letter(bytes, 0), letter(bytes, 1)) {
            case (UInt8(ascii: "P"), UInt8(ascii: "U")): verb = .publish
            case (UInt8(ascii: "P"), UInt8(ascii: "I")): verb = .ping
            case (UInt8(ascii: "P"), UInt8(ascii: "O")): verb = .pong
            case (UInt8(ascii: "H"), _): verb = .publishWithHeaders
            case (UInt8(ascii: "S"), _): verb = .subscribe
            case (UInt8(ascii: "U"), _): verb = .unsubscribe
            case (UInt8(ascii: "C"), _): verb = .connect
            case (UInt8(ascii: "I"), _): verb = .info
            case (UInt8(ascii: "+"), _): verb = .ok
            case (UInt8(ascii: "-"), _): verb = .error
            case (UInt8(ascii: "P"), 0) where bytes.count == 1: return .incomplete
            default: return .unknown
            }
            return verb.match(bytes)
        }

        func match(_ bytes: UnsafeRawBufferPointer) -> Search {
            let count = min(length, bytes.count)
            for place in 1..<max(1, count)
            where NATSScanner.Verb.letter(bytes, place) != letters.utf8Start[place] {
                return .unknown
            }
            guard bytes.count > length else { return .incomplete }
            guard !hasWords || NATSScanner.isSpace(bytes[length]) else { return .unknown }
            return .found(self)
        }

        /// A byte in upper case; 0 behind the end.
        private static func letter(_ bytes: UnsafeRawBufferPointer, _ place: Int) -> UInt8 {
            guard place < bytes.count else { return 0 }
            let byte = bytes[place]
            let isLower = byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "z")
            return isLower ? byte - 32 : byte
        }
    }

    /// The words of a line: up to four, and how many there are.
    struct Arguments {
        private var words: InlineArray<4, UnsafeRawBufferPointer>
        private(set) var count = 0

        init(_ line: UnsafeRawBufferPointer) {
            words = InlineArray(repeating: UnsafeRawBufferPointer(start: nil, count: 0))
            var offset = 0
            while offset < line.count {
                while offset < line.count, NATSScanner.isSpace(line[offset]) { offset += 1 }
                let start = offset
                while offset < line.count, !NATSScanner.isSpace(line[offset]) { offset += 1 }
                guard offset > start else { break }
                if count < 4 {
                    words[count] = UnsafeRawBufferPointer(rebasing: line[start..<offset])
                }
                count += 1
            }
        }

        /// - Precondition: `place` is below ``count`` and below 4.
        subscript(_ place: Int) -> UnsafeRawBufferPointer { words[place] }
    }
}
