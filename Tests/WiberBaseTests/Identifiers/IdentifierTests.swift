import Testing
import WiberBase

@Suite("Identifiers")
struct IdentifierTests {
    @Test func `the ends of the range stay where they are`() {
        #expect(Sequence(.max).next == Sequence(.max))
        #expect(Sequence.zero.previous == .zero)
        #expect(Sequence(4).next == Sequence(5))
        #expect(Sequence(4).previous == Sequence(3))
    }

    @Test func `the later term is more up to date, then the longer log (Raft §5.4.1)`() {
        let short = EntryID(index: LogIndex(1), term: Term(2))
        let long = EntryID(index: LogIndex(9), term: Term(1))
        #expect(long < short)
        #expect(EntryID.zero < long)
        #expect(EntryID(index: LogIndex(8), term: Term(1)) < long)
        #expect("\(long)" == "9/1")
        #expect("\(LogIndex(7))" == "7")
    }

    @Test func `a unique id is 16 bytes and 32 digits`() throws {
        let id = UniqueID(high: 0xab, low: .max)
        #expect("\(id)" == "00000000000000abffffffffffffffff")
        var bytes: [UInt8] = []
        id.encode(into: &bytes)
        #expect(bytes.count == 16)
        let read = try bytes.withUnsafeBytes { raw in
            var reader = ByteReader(raw)
            return try UniqueID.decode(&reader)
        }
        #expect(read == id)
    }
}
