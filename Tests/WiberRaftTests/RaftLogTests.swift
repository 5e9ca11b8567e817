import Testing
import WiberBase

@testable import WiberRaft

@Suite("The log as runs of terms")
struct RaftLogTests {
    /// A list of terms, which is what runs must be equal to.
    private struct Plain {
        var base = EntryID.zero
        var terms: [Term] = []
        var last: LogIndex { LogIndex(base.index.rawValue + UInt64(terms.count)) }

        func term(_ index: LogIndex) -> Term? {
            if index == base.index { return base.term }
            guard index > base.index, index <= last else { return nil }
            return terms[Int(index.rawValue - base.index.rawValue) - 1]
        }

        func lastEntry(atOrBefore index: LogIndex, ofTermAtMost term: Term) -> EntryID {
            var index = min(index, last)
            while index > base.index, let found = self.term(index), found > term {
                index = index.previous
            }
            return EntryID(index: index, term: self.term(index) ?? base.term)
        }
    }

    @Test(arguments: 1...40)
    func `random changes give what a plain list gives`(seed: UInt64) {
        var random = RandomSource(seed: seed)
        var plain = Plain()
        var log = RaftLog(initial: Configuration(voters: []))
        var term = Term(1)
        for _ in 0..<200 {
            switch random.next() % 8 {
            case 0: term = term.next
            case 1 where plain.last > plain.base.index:
                let span = plain.last.rawValue - plain.base.index.rawValue
                let from = LogIndex(plain.base.index.rawValue + 1 + random.next() % span)
                plain.terms.removeSubrange(Int(from.rawValue - plain.base.index.rawValue - 1)...)
                _ = log.truncate(from: from)
            case 2 where random.next() % 4 == 0:
                let span = plain.last.rawValue - plain.base.index.rawValue
                let through = LogIndex(plain.base.index.rawValue + random.next() % (span + 1))
                let base = EntryID(index: through, term: plain.term(through) ?? .zero)
                plain.terms.removeFirst(Int(through.rawValue - plain.base.index.rawValue))
                plain.base = base
                log.compact(through: through)
            default:
                plain.terms.append(term)
                log.append(term)
            }
            #expect(log.isConsistent)
            #expect(log.lastIndex == plain.last)
            for raw in 0...(plain.last.rawValue + 2) {
                #expect(log.term(at: LogIndex(raw)) == plain.term(LogIndex(raw)))
            }
            let index = LogIndex(plain.base.index.rawValue + random.next() % 30)
            let limit = Term(random.next() % (term.rawValue + 2))
            #expect(
                log.lastEntry(atOrBefore: index, ofTermAtMost: limit)
                    == plain.lastEntry(atOrBefore: index, ofTermAtMost: limit)
            )
        }
    }

    @Test func `a configuration is in force from its append, and popped by truncation`() {
        let first = Configuration(voters: [NodeID(1)])
        let second = Configuration(voters: [NodeID(1), NodeID(2)])
        var log = RaftLog(initial: first)
        log.append(Term(1))
        log.append(Term(1))
        log.push(second, at: LogIndex(2))
        #expect(log.configuration == second)
        let isChanged = log.truncate(from: LogIndex(2))
        #expect(isChanged)
        #expect(log.configuration == first)
        log.append(Term(2))
        log.push(second, at: LogIndex(2))
        log.committed(through: LogIndex(2))
        #expect(log.configuration == second)
        #expect(!log.hasVoter(NodeID(3)))
    }
}
