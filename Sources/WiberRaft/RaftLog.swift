public import WiberBase

/// A log as consensus sees it: which term each index has, and the configurations in it.
///
/// Runs of equal terms stand for the entries, so that a million entries cost a few words.
public struct RaftLog: Sendable {
    /// The first index of consecutive entries of one term.
    public struct Run: Equatable, Sendable {
        /// Where the run begins.
        public var first: LogIndex
        /// The term of its entries.
        public var term: Term
        /// A run.
        public init(first: LogIndex, term: Term) {
            self.first = first
            self.term = term
        }
    }

    /// The entry before the first one that is kept.
    public private(set) var base: EntryID
    /// The last entry's index; the base's if there is none.
    public private(set) var lastIndex: LogIndex
    private var runs: [Run]
    private var configurations: [(index: LogIndex, configuration: Configuration)]

    /// A log as it was recovered.
    ///
    /// - Parameters:
    ///   - base: the entry before the first one that is kept; zero for a whole log.
    ///   - runs: ascending, from `base.index.next` on.
    ///   - last: the last entry's index.
    ///   - initial: the configuration before any in the log.
    ///   - configurations: those in the log, ascending.
    public init(
        base: EntryID,
        runs: [Run],
        last: LogIndex,
        initial: Configuration,
        configurations: [(LogIndex, Configuration)] = []
    ) {
        self.base = base
        self.runs = runs
        lastIndex = max(base.index, last)
        self.configurations = [(base.index, initial)] + configurations.map { ($0.0, $0.1) }
        invariant(
            zip(runs, runs.dropFirst()).allSatisfy { $0.first < $1.first && $0.term < $1.term },
            "runs \(runs)"
        )
    }

    /// The last entry.
    public var last: EntryID {
        EntryID(index: lastIndex, term: runs.last?.term ?? base.term)
    }

    /// The term at an index; `nil` before the base and after the end.
    public func term(at index: LogIndex) -> Term? {
        if index == base.index { return base.term }
        guard index > base.index, index <= lastIndex else { return nil }
        return runs.last { $0.first <= index }?.term
    }

    /// The first index that has the same term as `index`.
    func firstOfTerm(at index: LogIndex) -> LogIndex {
        runs.last { $0.first <= index }?.first ?? base.index.next
    }

    /// The last entry at or before `limit` whose term is not above `term`: where a log that ended
    /// in `term` may still agree with this one.
    func lastEntry(notAfter limit: LogIndex, termAtMost term: Term) -> EntryID {
        var end = min(limit, lastIndex)
        for run in runs.reversed() where run.first <= end {
            if run.term <= term { return EntryID(index: end, term: run.term) }
            end = run.first.previous
        }
        return base
    }

    /// The configuration in force: the newest in the log, committed or not.
    public var configuration: Configuration {
        configurations.last?.configuration ?? Configuration(voters: [])
    }

    /// Where the configuration in force stands in the log.
    var configurationIndex: LogIndex { configurations.last?.index ?? .zero }

    /// Adds an entry at the end.
    mutating func append(term: Term, kind: EntryKind) {
        invariant(term >= last.term, "term \(term) after \(last.term)")
        lastIndex = lastIndex.next
        if runs.last?.term != term { runs.append(Run(first: lastIndex, term: term)) }
        if case .configuration(let configuration) = kind {
            configurations.append((lastIndex, configuration))
        }
    }

    /// Removes `index` and all after it, configurations included.
    mutating func truncate(from index: LogIndex) {
        invariant(index > base.index, "truncation at \(index), base \(base)")
        guard index <= lastIndex else { return }
        while let run = runs.last, run.first >= index { runs.removeLast() }
        while configurations.count > 1, let newest = configurations.last, newest.index >= index {
            configurations.removeLast()
        }
        lastIndex = index.previous
    }

    /// Forgets configurations that a later committed one has replaced.
    mutating func forgetConfigurations(committed: LogIndex) {
        while configurations.count > 1, configurations[1].index <= committed {
            configurations.removeFirst()
        }
    }
}
