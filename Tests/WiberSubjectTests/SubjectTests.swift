import Testing
import WiberBase

@testable import WiberSubject

@Suite("The grammar of subjects")
struct SubjectTests {
    static let literals = [
        "a", "a.b", "A.b.C", "a*", "a*.b", ">x.y", "x>", "**", ">>", "a.*b.c", "$JS.API.INFO",
        "ü.日本", "a\u{1}b", "-", "a.b.c.d.e.f.g.h",
    ]
    static let patterns = ["*", ">", "a.*", "*.a", "a.>", "*.>", "a.*.b", "*.*", "a*.>", "a.b.*.>"]
    static let invalid = [
        "", ".", "a.", ".a", "a..b", "..", "*.", ".>", ">.", ">.a", "a.>.b", ">.>", "a b", " ",
        "a.\t", "a\r", "a\n", "a\u{c}b", "a\0", "\0", "a.> ",
    ]

    @Test(arguments: literals)
    func `without a wildcard token it is literal`(subject: String) {
        #expect(Subject.isValid(subject))
        #expect(Subject.isLiteral(subject))
        #expect(Subject.matches(subject, subject))
        #expect(Subject.overlaps(subject, subject))
    }

    @Test(arguments: patterns)
    func `with a wildcard token it is valid and not literal`(subject: String) {
        #expect(Subject.isValid(subject))
        #expect(!Subject.isLiteral(subject))
        #expect(Subject.overlaps(subject, subject))
        #expect(Subject.matches(subject, subject), "taken literally, it fits itself")
    }

    @Test(arguments: invalid)
    func `what is not valid matches nothing`(subject: String) {
        #expect(!Subject.isValid(subject))
        #expect(!Subject.isLiteral(subject))
        #expect(!Subject.matches(subject, subject))
        #expect(!Subject.overlaps(subject, ">"))
        #expect(!Subject.overlaps(">", subject))
    }

    @Test func `no bytes at an empty address are no subject`() {
        let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
        #expect(!Subject.isValid(nothing))
        #expect(!Subject.matches(nothing, nothing))
    }

    @Test(arguments: [
        ("a", "a", true), ("a", "A", false), ("a", "b", false), ("a", "aa", false),
        ("a.b", "a", false), ("a", "a.b", false), ("*", "a", true), ("*", "a.b", false),
        ("a.*", "a.b", true), ("a.*", "a", false), ("a.*", "a.b.c", false), ("*.b", "a.b", true),
        (">", "a", true), (">", "a.b.c", true), ("a.>", "a.b", true), ("a.>", "a.b.c", true),
        ("a.>", "a", false), ("a.*.>", "a.b", false), ("a.*.>", "a.b.c", true),
        ("a.*", "a.*", true), ("a.>", "a.*", true), ("a.b", "a.*", false), ("a.*", "a.>", true),
        ("a.>", "a.>", true), ("*", "*", true), ("*.x", ">.x", true), ("a*", "a*", true),
        ("a*", "ab", false), (">x", ">x", true), (">x", "yx", false), (">", "a..b", false),
        (">", "", false), ("*", "", false), (">", "a.", false), (">", ".a", false),
        (">", "a b", true),
        ("long-token-1.*", "long-token-2.a", false), ("long-token-1.*", "long-token-1.a", true),
    ])
    func `a pattern matches`(pattern: String, subject: String, expected: Bool) {
        #expect(Subject.matches(pattern, subject) == expected, "\(pattern) and \(subject)")
    }

    @Test(arguments: [
        ("a", "b", false), ("a", "*", true), ("a", ">", true), ("*", ">", true),
        ("a.b", "*", false), ("a.*", "*.b", true), ("a.*", "b.*", false), ("a.>", "a", false),
        ("a.>", "*", false), ("a.>", "*.b", true), ("*.*.c", "a.>", true),
        ("*.*.c", "a.b.d", false),
        ("a.*.c.>", "a.b.>", true), ("a.*.c.>", "a.b.c", false), ("a*", "ab", false),
    ])
    func `patterns overlap`(left: String, right: String, expected: Bool) {
        #expect(Subject.overlaps(left, right) == expected, "\(left) and \(right)")
        #expect(Subject.overlaps(right, left) == expected, "\(right) and \(left)")
    }

    @Test(arguments: UInt64(1)...10)
    func `patterns overlap if a subject fits both, and only then`(seed: UInt64) {
        var random = RandomSource(seed: seed)
        let tokens = ["a", "b", "ab", "a*", "long-token-1"]
        var longest = tokens
        var subjects = tokens
        for _ in 0..<3 {
            longest = longest.flatMap { start in tokens.map { "\(start).\($0)" } }
            subjects += longest
        }
        for _ in 0..<30 {
            let left = random.subject()
            let right = random.subject()
            let hasCommon = subjects.contains {
                Subject.matches(left, $0) && Subject.matches(right, $0)
            }
            #expect(Subject.overlaps(left, right) == hasCommon, "\(left), \(right), seed \(seed)")
        }
    }

    @Test func `a subject may have 2,048 tokens`() {
        let most = Array(repeating: "a", count: Subject.tokenCountMax)
        #expect(Subject.isValid(most.joined(separator: ".")))
        #expect(!Subject.isValid((most + ["a"]).joined(separator: ".")))
        #expect(!Subject.isValid((most + [">"]).joined(separator: ".")))
        #expect(Subject.matches(">", (most + most).joined(separator: ".")))
    }

    @Test(arguments: UInt64(1)...5)
    func `any bytes have an answer`(seed: UInt64) {
        var random = RandomSource(seed: seed)
        let alphabet = Array("ab.*> \0".utf8) + [0xff, 0x0c]
        for _ in 0..<2_000 {
            let bytes = (0..<Int.random(in: 0..<12, using: &random))
                .map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &random)] }
            bytes.withUnsafeBytes { subject in
                let isLiteral = Subject.isLiteral(subject)
                #expect(!isLiteral || Subject.isValid(subject))
                #expect(Subject.matches(subject, subject) == Subject.isValid(subject))
                #expect(Subject.overlaps(subject, subject) == Subject.isValid(subject))
            }
        }
    }
}
