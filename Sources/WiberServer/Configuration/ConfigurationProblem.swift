/// One thing that is wrong, or odd, in a configuration file.
public struct ConfigurationProblem: Sendable, Equatable {
    /// Where, from 1; 0: the whole file.
    public var line: Int
    /// Where in the line, from 1.
    public var column: Int
    /// What, and what to do.
    public var text: String
}

/// Everything that is wrong in a configuration file, at once.
public struct ConfigurationError: Error, CustomStringConvertible {
    /// The file.
    public var path: String
    /// What is wrong, in the order of the file.
    public var problems: [ConfigurationProblem]

    /// One `file:line:column: what, and what to do` a line.
    public var description: String {
        problems.map { "\(path):\($0.line):\($0.column): \($0.text)" }.joined(separator: "\n")
    }
}
