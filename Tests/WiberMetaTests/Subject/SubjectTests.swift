import Testing
import WiberBase
import WiberMeta

@Suite("Which topic captures a subject")
struct SubjectTests {
    @Test(arguments: [
        ("orders", "orders", true), ("orders", "orders.eu", false),
        ("orders.*", "orders.eu", true), ("orders.*", "orders", false),
        ("orders.*", "orders.eu.berlin", false), ("orders.>", "orders.eu.berlin", true),
        ("orders.>", "orders", false), (">", "orders", true), (">", "a.b.c", true),
        ("*", "orders", true), ("*", "a.b", false), ("*.eu", "orders.eu", true),
        ("*.eu", "orders.us", false), ("a.*.c", "a.b.c", true), ("a.*.c", "a.b.d", false),
        ("a.>.c", "a.b.c", false), ("a.b", "a.B", false), ("", "a", false),
    ])
    func `a pattern matches token by token`(pattern: String, subject: String, isMatch: Bool) {
        var state = MetaState.formed()
        state.create(topic("t", [pattern]), replicas: 1, at: 5)
        #expect(state.group(capturing: subject) == (isMatch ? GroupID(5) : nil))
    }

    @Test(arguments: ["", ".", "a.", ".a", "a..b", "a.*", "a.>", ">"])
    func `what is no subject is captured by nothing`(subject: String) {
        var state = MetaState.formed()
        state.create(topic("t", [">", "*", "*.*", "a.>", ""]), replicas: 1, at: 5)
        #expect(state.group(capturing: subject) == nil)
    }

    @Test func `the oldest topic has it`() {
        var state = MetaState.formed()
        state.create(topic("late", ["a.b"]), replicas: 1, at: 9)
        state.create(topic("later", [">"]), replicas: 1, at: 10)
        #expect(state.group(capturing: "a.b") == GroupID(9))
        #expect(state.group(capturing: "a.c") == GroupID(10))
        var other = MetaState.formed()
        other.create(topic("late", [">"]), replicas: 1, at: 9)
        other.create(topic("later", ["a.b"]), replicas: 1, at: 10)
        #expect(other.group(capturing: "a.b") == GroupID(9))
        _ = other.apply(.deleteTopic(GroupID(9)), at: LogIndex(11))
        #expect(other.group(capturing: "a.b") == GroupID(10))
    }

    @Test(arguments: UInt64(1)...20)
    func `the index answers as trying every pattern does`(seed: UInt64) {
        var random = RandomSource(seed: seed)
        var state = MetaState.formed()
        var patterns: [(GroupID, [String])] = []
        for index in UInt64(2)..<40 {
            let pattern = text(&random, from: ["a", "b", "c", "*", "a", "b"], end: ">")
            state.create(topic("t\(index)", [pattern]), replicas: 1, at: index)
            patterns.append((GroupID(index), pattern.split(separator: ".").map(String.init)))
        }
        for _ in 0..<200 {
            let subject = text(&random, from: ["a", "b", "c", "d"], end: "a")
            let tokens = subject.split(separator: ".").map(String.init)
            let expected = patterns.first { matches($0.1[...], tokens[...]) }?.0
            #expect(state.group(capturing: subject) == expected, "\(subject)")
        }
    }

    private func text(_ random: inout RandomSource, from words: [String], end: String) -> String {
        var tokens = (0..<Int.random(in: 1...4, using: &random)).map { _ in
            words.randomElement(using: &random) ?? "a"
        }
        if random.next() % 3 == 0 { tokens[tokens.count - 1] = end }
        return tokens.joined(separator: ".")
    }

    /// The dumb version, by recursion.
    private func matches(_ pattern: ArraySlice<String>, _ tokens: ArraySlice<String>) -> Bool {
        guard let part = pattern.first else { return tokens.isEmpty }
        guard let token = tokens.first else { return false }
        if part == ">" { return pattern.count == 1 }
        return (part == "*" || part == token) && matches(pattern.dropFirst(), tokens.dropFirst())
    }
}
