/// What Tab offers in the shell.
public struct Completion: Sendable {
    /// The commands of the line protocol; those that take something end in a space.
    public static let commands = [
        "PING", "PUB ", "PUBID ", "SUB ", "UNSUB ", "HISTORY ", "TOPICS", "STATS ", "HELP", "QUIT",
    ]

    /// The names of topics.
    public var topics: [String]

    /// Offers these topics.
    public init(topics: [String]) { self.topics = topics }

    /// The lines that `before` may become.
    public func lines(for before: String) -> [String] {
        let words = before.split(separator: " ", omittingEmptySubsequences: false)
        guard let command = words.first, words.count > 1 else {
            return Self.commands.filter { $0.hasPrefix(before.uppercased()) }
        }
        let takesTopic = Self.commands.contains(command.uppercased() + " ")
        guard takesTopic, words.count == 2, let start = words.last else { return [] }
        return topics.filter { $0.hasPrefix(start) }.map { "\(command) \($0) " }
    }

    /// The longest beginning that all lines share.
    public static func shared(_ lines: [String]) -> String {
        guard let first = lines.first else { return "" }
        return lines.dropFirst().reduce(first) { shared, line in
            String(zip(shared, line).prefix { $0 == $1 }.map(\.0))
        }
    }
}
