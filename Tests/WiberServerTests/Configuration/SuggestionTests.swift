import Testing

@testable import WiberServer

@Suite("Suggestions")
struct SuggestionTests {
    @Test(arguments: [
        ("", "", 0), ("abc", "", 3), ("", "abc", 3), ("kitten", "sitting", 3), ("prot", "port", 1),
        ("ab", "ba", 1), ("abcd", "badc", 2),
        ("same", "same", 0),
    ])
    func `the distance counts letters added, removed, replaced and swapped`(
        left: String,
        right: String,
        distance: Int
    ) {
        #expect(Suggestion.distance(left, right) == distance)
        #expect(Suggestion.distance(right, left) == distance)
    }

    @Test func `a near word is suggested, for a far one all are named`() {
        let known = ["cluster", "nodes"]
        #expect(Suggestion.text(for: "node", among: known) == "; did you mean 'nodes'?")
        #expect(Suggestion.text(for: "CLUSTER", among: known) == "; did you mean 'cluster'?")
        #expect(Suggestion.text(for: "elephant", among: known) == "; known are cluster, nodes")
        #expect(Suggestion.text(for: "x", among: []) == "; known are ")
    }

    @Test(arguments: [
        ("a", "a", true), ("a", "b", false), ("a.*", "a.b", true), ("a.*", "a.b.c", false),
        ("a.>", "a.b.c", true), ("a.>", "a", false), (">", "x.y", true), ("*.b", "a.*", true),
        ("*.b", "a.c", false), ("a.b", "a.b.c", false), ("*", "a.b", false),
    ])
    func `patterns overlap when a subject matches both`(
        left: String,
        right: String,
        expected: Bool
    ) {
        #expect(SubjectOverlap.overlap(left, right) == expected)
        #expect(SubjectOverlap.overlap(right, left) == expected)
        var seen = SubjectOverlap()
        #expect(seen.add(left, of: "one") == nil)
        #expect(seen.add(right, of: "one") == nil, "a topic's own patterns may overlap")
        #expect(seen.add(right, of: "two") != nil)
    }
}
