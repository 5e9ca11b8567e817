import Testing
import WiberBase
import WiberTopic

@testable import WiberNode

@Suite("One message of a topic is read at any node")
struct MessageReadTests {
    private func at(_ sequence: UInt64) -> MessageQuery { .at(Sequence(sequence)) }

    private func remove(_ sequences: [UInt64], _ lab: NodeLab) {
        for sequence in sequences {
            #expect(lab.administer(at: 0, .remove(topic: "news", Sequence(sequence))) == .done)
        }
    }

    @Test(arguments: 0..<3)
    func `it is written as HISTORY writes it, from memory and from disk`(place: Int) {
        let lab = NodeLab.news()
        lab.fill("news")
        lab.ask(node: place, "PUBID news.eu id1 with an id", "PUB news.eu \u{1}é")
        #expect(lab.isCold("news", place))
        for sequence in [1, 2, 450, 900, 901, 902] as [UInt64] {
            let message = lab.message(at(sequence), at: place)
            #expect(message.hasPrefix("{\"sequence\":\(sequence),"))
            #expect(message == lab.historyMessage(sequence, at: place))
        }
        #expect(lab.counters(place).messageReads == 6)
        #expect(lab.machines[place].core?.messageReads.isEmpty == true)
    }

    @Test func `what is acknowledged at one node is there at every other`() {
        let lab = NodeLab.news()
        for number in 1...30 as ClosedRange<UInt64> {
            let place = Int(number % 3)
            #expect(lab.publish(node: place, "news.a", "\(number)") == number)
            #expect(lab.sequence(at(number), at: (place + 1) % 3) == number)
            #expect(lab.sequence(.last(subject: "news.a"), at: (place + 2) % 3) == number)
        }
    }

    @Test func `one that is gone and one that is not there yet are told apart`() {
        let lab = NodeLab.news()
        for number in 1...6 { lab.ask(node: 0, "PUB news \(number)") }
        #expect(lab.administer(at: 0, .purge(topic: "news", before: Sequence(3))) == .done)
        remove([4], lab)
        for place in 0..<3 {
            for sequence in [1, 2, 4] as [UInt64] {
                let gone = "missing: message \(sequence) of topic news is gone: "
                #expect(lab.message(at(sequence), at: place).hasPrefix(gone))
            }
            for sequence in [7, 8, .max] as [UInt64] {
                let text = "missing: message \(sequence) of topic news is not there yet: "
                #expect(lab.message(at(sequence), at: place).hasPrefix(text))
            }
            #expect(lab.message(at(0), at: place).hasPrefix("refused: there is no message 0"))
            #expect(lab.sequence(at(3), at: place) == 3 && lab.sequence(at(5), at: place) == 5)
        }
    }

    @Test func `the newest of a subject is found after removals, and where the node just started`()
        throws
    {
        let lab = NodeLab.news()
        lab.fill("news")
        for round in 0..<5 { lab.ask(node: 1, "PUB news.a \(round)", "PUB news.b \(round)") }
        remove([909, 907], lab)
        for place in 0..<3 {
            #expect(lab.sequence(.last(subject: "news.a"), at: place) == 905)
            #expect(lab.sequence(.last(subject: "news.b"), at: place) == 910)
            #expect(lab.sequence(.last(subject: "news"), at: place) == 900)
            let none = lab.message(.last(subject: "news.c"), at: place)
            #expect(none == "missing: topic news has no such message of this subject")
        }
        remove([901, 903, 905], lab)
        #expect(lab.message(.last(subject: "news.a"), at: 2).hasPrefix("missing: "))
        for place in 0..<3 {
            lab.kill(place)
            lab.start(place)
            #expect(lab.run { lab.isSettled("news") })
            #expect(lab.sequence(.last(subject: "news.b"), at: place) == 910)
            #expect(lab.message(.last(subject: "news.a"), at: place).hasPrefix("missing: "))
        }
    }

    @Test func `the next of a subject is the first one that is there`() {
        let lab = NodeLab.news()
        for round in 0..<5 { lab.ask(node: 1, "PUB news.a \(round)", "PUB news.b \(round)") }
        remove([5], lab)
        func next(_ from: UInt64, _ place: Int) -> UInt64? {
            lab.sequence(.next(subject: "news.a", from: Sequence(from)), at: place)
        }
        for place in 0..<3 {
            #expect(next(0, place) == 1 && next(1, place) == 1 && next(2, place) == 3)
            #expect(next(4, place) == 7 && next(9, place) == 9)
            #expect(next(10, place) == nil && next(.max, place) == nil)
        }
        #expect(lab.administer(at: 0, .purge(topic: "news", before: Sequence(8))) == .done)
        for place in 0..<3 { #expect(next(1, place) == 9) }
    }

    @Test func `a subject that is none, or many, is refused`() {
        let lab = NodeLab.news()
        for subject in ["", "news.*", ">", "news..a", "news.>.a", "a b", "news.\n"] {
            let text = lab.message(.last(subject: subject), at: 1)
            #expect(text.hasPrefix("refused: name exactly one subject"), "\(subject)")
        }
    }

    @Test func `an empty topic and a topic that there is not have no messages`() {
        let lab = NodeLab.news()
        #expect(lab.message(at(1), at: 0).hasPrefix("missing: message 1 of topic news is not"))
        #expect(lab.message(.last(subject: "news"), at: 0).hasPrefix("missing: "))
        guard case .missing(let text)? = lab.read(at(1), at: 0, topic: "nothing") else {
            Issue.record("there is no such topic")
            return
        }
        #expect(text.contains("there is no topic of this name"))
    }

    @Test func `a node without a replica names one that has it, also after a move`() throws {
        let lab = NodeLab(nodes: 5)
        #expect(lab.run { lab.ask(node: 0, "PUB news x").first?.hasPrefix("OK") == true })
        #expect(lab.run { lab.isSettled("news") })
        let replicas = lab.replicas("news")
        let others = (0..<5).filter { !replicas.contains($0) }
        for place in others {
            guard case .elsewhere(let host, let port)? = lab.read(at(1), at: place) else {
                Issue.record("another node has the topic")
                continue
            }
            #expect(replicas.contains { "n\($0 + 1)" == host && port == 8_000 + $0 })
        }
        let down = try #require(replicas.first)
        lab.kill(down)
        #expect(lab.run { lab.leader("news") != nil })
        lab.run(for: .seconds(5))
        for place in others {
            let answer = lab.message(at(1), at: place)
            #expect(answer.hasPrefix("elsewhere: ") && answer != "elsewhere: n\(down + 1)")
        }
    }
}
