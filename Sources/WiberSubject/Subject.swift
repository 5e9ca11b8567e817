/// The grammar of subjects: words with dots between them, and which patterns they fit.
///
/// A subject is bytes, split into tokens by `.`; case matters, and no encoding is asked for. In
/// what somebody subscribes to, two tokens are wildcards:
///
/// 1. `*` alone in a token stands for exactly one token.
/// 2. `>` alone in the last token stands for one or more tokens: `a.>` does not match `a`.
/// 3. Anything else is literal, also `a*` and `>x`.
///
/// What somebody publishes to has no wildcards: its tokens stand for themselves, so that `a.*`
/// fits the patterns `a.*` and `a.>`, and not `a.b`. Everything here reads each byte a bounded
/// number of times and does not recurse, whatever the bytes are.
public enum Subject {
    /// The most tokens that a pattern may have: a control line of 4,096 bytes holds no more.
    public static let tokenCountMax = 2_048

    enum Kind {
        case literal
        case pattern
    }

    static let separator = UInt8(ascii: ".")
    static let any = UInt8(ascii: "*")
    static let rest = UInt8(ascii: ">")

    /// Whether somebody may subscribe to this.
    ///
    /// Neither it nor any of its tokens is empty; `>` alone is the last token; there are at most
    /// ``tokenCountMax`` tokens; no byte is a space, tab, CR, LF, FF or NUL.
    public static func isValid(_ subject: UnsafeRawBufferPointer) -> Bool { kind(subject) != nil }

    /// Whether this is valid and has no wildcard: it matches itself and nothing else.
    public static func isLiteral(_ subject: UnsafeRawBufferPointer) -> Bool {
        kind(subject) == .literal
    }

    /// Whether what is published to `subject` is for those who subscribe to `pattern`.
    ///
    /// `false` if the pattern is not valid, or the subject is empty or has an empty token.
    public static func matches(
        _ pattern: UnsafeRawBufferPointer,
        _ subject: UnsafeRawBufferPointer
    ) -> Bool {
        isValid(pattern) && !hasEmptyToken(subject) && fits(pattern, subject)
    }

    /// Whether there is a subject that both patterns match; `false` if either is not valid.
    public static func overlaps(
        _ left: UnsafeRawBufferPointer,
        _ right: UnsafeRawBufferPointer
    ) -> Bool {
        guard isValid(left), isValid(right) else { return false }
        var lefts = SubjectTokens(left)
        var rights = SubjectTokens(right)
        while let one = lefts.next() {
            guard let other = rights.next() else { return false }
            if one.isOnly(rest) || other.isOnly(rest) { return true }
            if one.isOnly(any) || other.isOnly(any) { continue }
            if !one.isEqual(to: other) { return false }
        }
        return rights.next() == nil
    }

    // MARK: What is known to be valid

    /// What a valid subject is, or `nil`.
    static func kind(_ subject: UnsafeRawBufferPointer) -> Kind? {
        var tokens = SubjectTokens(subject)
        var kind = Kind.literal
        var count = 0
        while let token = tokens.next() {
            count += 1
            guard !token.isEmpty, count <= tokenCountMax else { return nil }
            guard token.allSatisfy(isAllowed) else { return nil }
            let isRest = token.isOnly(rest)
            guard !isRest || tokens.isAtEnd else { return nil }
            if isRest || token.isOnly(any) { kind = .pattern }
        }
        return kind
    }

    /// Whether a subject without empty tokens fits a valid pattern.
    static func fits(
        _ pattern: UnsafeRawBufferPointer,
        _ subject: UnsafeRawBufferPointer
    ) -> Bool {
        var wanted = SubjectTokens(pattern)
        var given = SubjectTokens(subject)
        while let want = wanted.next() {
            guard let token = given.next() else { return false }
            if want.isOnly(rest) { return true }
            if !want.isOnly(any), !want.isEqual(to: token) { return false }
        }
        return given.next() == nil
    }

    /// Whether nobody can match this, because a token is empty.
    static func hasEmptyToken(_ subject: UnsafeRawBufferPointer) -> Bool {
        var previous = separator
        for byte in subject {
            if byte == separator, previous == separator { return true }
            previous = byte
        }
        return previous == separator
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x00, 0x09, 0x0a, 0x0c, 0x0d, 0x20: false
        default: true
        }
    }
}
