public import WiberBase

/// What the core knows about the log: where each term begins, and the configurations in it.
///
/// A log of any length is a handful of runs, since a term's entries lie next to each other.
public struct RaftLog: Equatable, Sendable {
    /// A configuration and the entry that brought it; index zero is what the group started with.
    struct PlacedConfiguration: Equatable, Sendable {
        var index: LogIndex
        var configuration: Configuration
    }

    /// The entry before the first one in the log.
    public private(set) var base: EntryID
    /// The first entry of each term, ascending; all above `base`.
    public private(set) var runs: [EntryID]
    /// The last index; that of `base` if the log is empty.
    public private(set) var lastIndex: LogIndex
    /// Ascending by index, never empty; the last one is in force.
    private(set) var configurations: [PlacedConfiguration]

    /// A log as recovered, or empty.
    ///
    /// - Parameters:
    ///   - base: the entry before the first.
    ///   - runs: the first entry of each term.
    ///   - last: the last index.
    ///   - initial: the configuration before any that is in the log.
    ///   - configurations: those in the log, ascending by index.
    public init(
        base: EntryID = .zero,
        runs: [EntryID] = [],
        last: LogIndex = .zero,
        initial: Configuration,
        configurations: [(LogIndex, Configuration)] = []
    ) {
        self.base = base
        self.runs = runs
        self.lastIndex = max(last, base.index)
        self.configurations = [PlacedConfiguration(index: base.index, configuration: initial)]
        for (index, configuration) in configurations
        where index > configurationIndex && index <= lastIndex {
            push(configuration, at: index)
        }
        invariant(isConsistent, "a log from \(base) to \(last) with runs \(runs)")
    }

    /// The last entry.
    public var lastEntry: EntryID {
        EntryID(index: lastIndex, term: runs.last?.term ?? base.term)
    }

    /// The configuration in force.
    public var configuration: Configuration {
        let placed = Mutant.configurationAtCommit.isOn ? configurations.first : configurations.last
        return placed?.configuration ?? Configuration(voters: [])
    }

    /// The entry that brought the configuration in force.
    var configurationIndex: LogIndex { configurations.last?.index ?? .zero }

    /// Whether `node` votes in a configuration that is committed last or not at all yet.
    func hasVoter(_ node: NodeID) -> Bool {
        configurations.contains { $0.configuration.isVoter(node) }
    }

    /// The term of an entry; `nil` before `base` and after the end.
    public func term(at index: LogIndex) -> Term? {
        guard index <= lastIndex, index >= base.index else { return nil }
        var place = runs.count - 1
        while place >= 0 {
            if runs[place].index <= index { return runs[place].term }
            place -= 1
        }
        return base.term
    }

    /// The entry at an index; `nil` before `base` and after the end.
    public func entry(at index: LogIndex) -> EntryID? {
        term(at: index).map { EntryID(index: index, term: $0) }
    }

    /// The last entry at or before `index` whose term is at most `term`.
    ///
    /// Both sides of a rejection step back with it: an entry of a higher term cannot be where
    /// the logs agree, so that whole terms are skipped (after etcd-io/raft).
    func lastEntry(atOrBefore index: LogIndex, ofTermAtMost term: Term) -> EntryID {
        var index = min(index, lastIndex)
        var place = runs.count - 1
        while place >= 0 {
            let run = runs[place]
            if run.index <= index {
                if run.term <= term { return EntryID(index: index, term: run.term) }
                index = run.index.previous
            }
            place -= 1
        }
        return EntryID(index: min(index, base.index), term: base.term)
    }

    /// Adds an entry behind the last.
    mutating func append(_ term: Term) {
        lastIndex = lastIndex.next
        if lastEntryTerm != term { runs.append(EntryID(index: lastIndex, term: term)) }
    }

    private var lastEntryTerm: Term? { runs.last?.term }

    /// Puts a configuration in force.
    mutating func push(_ configuration: Configuration, at index: LogIndex) {
        configurations.append(PlacedConfiguration(index: index, configuration: configuration))
    }

    /// Drops the entry at `index` and all after it.
    ///
    /// - Returns: whether another configuration is in force now.
    mutating func truncate(from index: LogIndex) -> Bool {
        invariant(index > base.index, "truncation at \(index), base \(base)")
        while let run = runs.last, run.index >= index { runs.removeLast() }
        lastIndex = min(lastIndex, index.previous)
        let count = configurations.count
        while configurations.count > 1, let last = configurations.last, last.index >= index,
            !Mutant.configurationKept.isOn
        {
            configurations.removeLast()
        }
        return configurations.count != count
    }

    /// Forgets configurations that can never be in force again.
    mutating func committed(through index: LogIndex) {
        guard configurations.count > 1 else { return }
        while configurations.count > 1, configurations[1].index <= index {
            configurations.removeFirst()
        }
    }

    /// Drops the entries up to and including `index`.
    mutating func compact(through index: LogIndex) {
        guard index > base.index, let entry = entry(at: index) else { return }
        base = entry
        while runs.count > 1, runs[1].index <= index.next { runs.removeFirst() }
        if let first = runs.first, first.index <= index {
            if index == lastIndex {
                runs.removeFirst()
            } else {
                runs[0] = EntryID(index: index.next, term: first.term)
            }
        }
        committed(through: index)
    }

    /// Whether runs and configurations are in order; walks them all.
    var isConsistent: Bool {
        guard !configurations.isEmpty, lastIndex >= base.index else { return false }
        var previous = base
        for (place, run) in runs.enumerated() {
            let isNext = place > 0 || run.index == base.index.next
            guard isNext, run.index > previous.index, run.index <= lastIndex else { return false }
            guard place == 0 ? run.term >= previous.term : run.term > previous.term else {
                return false
            }
            previous = run
        }
        guard !runs.isEmpty || lastIndex == base.index else { return false }
        for place in configurations.indices.dropFirst() {
            let index = configurations[place].index
            guard index > configurations[place - 1].index, index <= lastIndex else { return false }
        }
        return true
    }
}
