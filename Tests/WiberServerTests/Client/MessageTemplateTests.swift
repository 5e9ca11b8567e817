import Testing

@testable import WiberServer

@Suite("Templates and headers of messages")
struct MessageTemplateTests {
    private func text(_ template: String, number: Int = 7, isPlain: Bool = false) -> String {
        let template = MessageTemplate(template, isPlain: isPlain)
        return String(decoding: template.text(number: number, request: [104, 105]), as: UTF8.self)
    }

    @Test func `places are filled, and what is none stays`() {
        #expect(text("{{Count}}/{{Count}} {{Request}}!") == "7/7 hi!")
        #expect(
            text("{{count}} {{}} {{Random 2 1}} {{Random 1}} {{Count")
                == "{{count}} {{}} {{Random 2 1}} {{Random 1}} {{Count"
        )
        #expect(text("{{Count}}", isPlain: true) == "{{Count}}")
        #expect(text("") == "")
        #expect(text("{{Random 0 99999999999999999999}}").hasPrefix("{{"))
    }

    @Test func `chance and time are within their bounds`() {
        for _ in 0..<50 {
            #expect((3...5).contains(text("{{Random 3 5}}").utf8.count))
        }
        #expect(text("{{ID}}") != text("{{ID}}"))
        #expect(Int(text("{{UnixNano}}")) ?? 0 > 1_700_000_000_000_000_000)
        #expect(Int(text("{{Unix}}")) ?? 0 > 1_700_000_000)
        #expect(text("{{TimeStamp}}").contains("T"))
        #expect(text("{{Time}}").contains(":"))
    }

    @Test func `a header is a name and a value, and nothing that breaks the block`() {
        #expect(NATSHeaderField("Key:Value")?.value == "Value")
        #expect(NATSHeaderField("Key:  a: b")?.value == "a: b")
        for text in ["", "Key", ":x", "a b:c", "Key:a\r\nX:y", "Ké:x"] {
            #expect(NATSHeaderField(text) == nil, "\(text)")
        }
        let fields = ["A:b", "C:d e", "A:f"].compactMap { NATSHeaderField($0) }
        let block = NATSHeaderField.block(fields)
        #expect(
            String(decoding: block, as: UTF8.self) == "NATS/1.0\r\nA: b\r\nC: d e\r\nA: f\r\n\r\n"
        )
        #expect(block.withUnsafeBytes { NATSHeaderField.fields(of: $0) } == fields)
        #expect(NATSHeaderField.block([]).isEmpty)
    }
}
