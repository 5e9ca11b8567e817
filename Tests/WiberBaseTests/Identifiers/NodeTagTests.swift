import Testing
import WiberBase

@Suite("Tags of nodes")
struct NodeTagTests {
    @Test(arguments: ["ssd", "zone:a", "rack.7/b", "K-1_2:v", String(repeating: "x", count: 63)])
    func `a word is a tag, and a word with a value`(text: String) {
        #expect(NodeTag.isValid(text))
        #expect(NodeTag.refusal(of: [text]) == nil)
    }

    @Test(
        arguments: [
            "", ":", "a:", ":a", "a:b:c", "a b", "größe", "a\n", "a,b",
            String(repeating: "x", count: 64),
        ]
    )
    func `anything else is none, and the reason says what is one`(text: String) {
        #expect(!NodeTag.isValid(text))
        #expect(NodeTag.refusal(of: [text])?.contains("as ssd or zone:a") == true)
    }

    @Test func `a node has sixteen tags at most, and one of each`() {
        let many = (0..<17).map { "t\($0)" }
        #expect(NodeTag.refusal(of: Array(many.dropLast())) == nil)
        #expect(NodeTag.refusal(of: many)?.contains("at most 16") == true)
        #expect(NodeTag.refusal(of: ["ssd", "ssd"])?.contains("given twice") == true)
        #expect(NodeTag.refusal(of: ["zone:a", "zone:b"])?.contains("zone is given twice") == true)
        #expect(NodeTag.refusal(of: ["zone", "zone:a"]) == nil)
    }

    @Test func `a key has the value of its tag`() {
        let tags = ["ssd", "zone", "zone:a", "rack:7"]
        #expect(NodeTag.value(of: "zone", in: tags) == "a")
        #expect(NodeTag.value(of: "rack", in: tags) == "7")
        #expect(NodeTag.value(of: "ssd", in: tags) == nil)
        #expect(NodeTag.value(of: "", in: tags) == nil)
    }

    @Test func `a placement allows the nodes that have all of it`() {
        typealias Placement = TopicConfiguration.Placement
        #expect(Placement().allows([]) && Placement().isAnywhere)
        #expect(Placement(tags: ["ssd"]).allows(["hot", "ssd"]))
        #expect(!Placement(tags: ["ssd", "hot"]).allows(["ssd"]))
        #expect(Placement(spread: "zone").allows(["zone:a"]))
        #expect(!Placement(spread: "zone").allows(["zone", "rack:zone"]))
        #expect(!Placement(tags: ["a b"]).isValid && !Placement(spread: "a:b").isValid)
    }
}
