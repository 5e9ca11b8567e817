import ArgumentParser

/// An argument that the line protocol takes as one word: a topic, a subject, a message id.
struct Word: ExpressibleByArgument, CustomStringConvertible {
    let text: String

    var description: String { text }

    init?(argument: String) {
        let isWord = argument.utf8.allSatisfy { $0 > 32 && $0 != 127 }
        guard isWord, (1...1_024).contains(argument.utf8.count) else { return nil }
        text = argument
    }
}
