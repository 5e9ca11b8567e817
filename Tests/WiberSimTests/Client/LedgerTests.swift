import Testing

@testable import WiberSim

@Suite("The ledger of what clients were told")
struct LedgerTests {
    private func ledger(_ texts: String...) -> (Ledger, [Publish]) {
        let ledger = Ledger(shortWindow: 3_000_000_000)
        let publishes = texts.map { Publish(topic: "news", text: $0, id: nil) }
        for publish in publishes { ledger.sent(publish, on: "c1/1") }
        return (ledger, publishes)
    }

    @Test func `what is committed and acknowledged in order is well`() {
        let (ledger, publishes) = ledger("a", "b")
        #expect(ledger.committed("news", 1, 10, Array("a".utf8)) == nil)
        #expect(ledger.stored(publishes[0], at: 1, isDuplicate: false) == nil)
        #expect(ledger.committed("news", 2, 20, Array("b".utf8)) == nil)
        #expect(ledger.stored(publishes[1], at: 2, isDuplicate: false) == nil)
    }

    @Test func `a gap, a stranger and a second copy are seen`() {
        let (ledger, _) = ledger("a", "b")
        #expect(ledger.committed("news", 2, 10, Array("a".utf8)) != nil)
        #expect(ledger.committed("news", 1, 10, Array("x".utf8)) != nil)
        #expect(ledger.committed("news", 1, 10, Array("a".utf8)) == nil)
        #expect(ledger.committed("news", 2, 20, Array("a".utf8)) != nil)
    }

    @Test func `a message behind what its connection had sent later is seen`() {
        let (ledger, _) = ledger("a", "b")
        #expect(ledger.committed("news", 1, 10, Array("b".utf8)) == nil)
        #expect(ledger.committed("news", 2, 20, Array("a".utf8)) != nil)
    }

    @Test func `an acknowledgement of what is not committed there is seen`() {
        let (ledger, publishes) = ledger("a", "b")
        #expect(ledger.committed("news", 1, 10, Array("a".utf8)) == nil)
        #expect(ledger.stored(publishes[1], at: 1, isDuplicate: false) != nil)
        #expect(ledger.stored(publishes[0], at: 2, isDuplicate: false) != nil)
    }

    @Test func `a refused message that is stored is seen, whichever comes first`() {
        let (ledger, publishes) = ledger("a", "b")
        #expect(ledger.refused(publishes[0]) == nil)
        #expect(ledger.committed("news", 1, 10, Array("a".utf8)) != nil)
        #expect(ledger.committed("news", 1, 10, Array("b".utf8)) == nil)
        #expect(ledger.refused(publishes[1]) != nil)
    }

    @Test func `a sequence below what was acknowledged before the request is seen`() {
        let (ledger, publishes) = ledger("a", "b")
        #expect(ledger.committed("news", 1, 10, Array("a".utf8)) == nil)
        #expect(ledger.committed("news", 2, 20, Array("b".utf8)) == nil)
        #expect(ledger.stored(publishes[1], at: 2, isDuplicate: false) == nil)
        ledger.sent(publishes[0], on: "c1/1")
        #expect(ledger.stored(publishes[0], at: 1, isDuplicate: false) != nil)
    }

    @Test func `history lines give sequences and payloads`() {
        let line = Array(
            """
            OK {"topic":"t","count":2,"messages":[{"sequence":7,"subject":"t","data":"a"},\
            {"sequence":8,"subject":"t","data":""}]}
            """.utf8
        )
        var found: [String] = []
        HistoryLine.forEachMessage(in: line[...]) { sequence, data in
            found.append("\(sequence)=\(String(decoding: data, as: UTF8.self))")
        }
        #expect(found == ["7=a", "8="])
    }
}
