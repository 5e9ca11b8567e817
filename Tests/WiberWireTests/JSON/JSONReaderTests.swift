import Testing
import WiberWire

@Suite("JSON that is read piece by piece")
struct JSONReaderTests {
    private func read<Value>(
        _ text: String,
        _ body: (inout JSONReader) throws(JSONError) -> Value
    ) -> Result<Value, JSONError> {
        let bytes = Array(text.utf8)
        return bytes.withUnsafeBytes { raw in
            var reader = JSONReader(raw)
            do throws(JSONError) {
                let value = try body(&reader)
                try reader.end()
                return .success(value)
            } catch {
                return .failure(error)
            }
        }
    }

    private func integer(_ text: String) -> Result<Int64?, JSONError> {
        read(text) { (reader) throws(JSONError) in try reader.integer() }
    }

    private func isValue(_ text: String) -> Bool {
        (try? read(text) { (reader) throws(JSONError) in try reader.skip() }.get()) != nil
    }

    @Test func `whole numbers are read as they are`() {
        #expect(integer(" 0 ") == .success(0))
        #expect(integer("-0") == .success(0))
        #expect(integer("-17") == .success(-17))
        #expect(integer("9223372036854775807") == .success(.max))
        #expect(integer("null") == .success(nil))
    }

    @Test(arguments: [
        "", "-", "- 0", "-\t1", "+1", "01", "-01", "1.5", "1e2", "1 2", "0x1",
        "9223372036854775808", "--1", "1-",
    ])
    func `what is no whole number is refused`(text: String) {
        #expect(throws: JSONError.self, "\(text)") { try integer(text).get() }
    }

    @Test(arguments: ["0", "-1", "1.25", "-0.5e+10", "1E-2", "[1, 2.0]", "{\"a\": 10}"])
    func `numbers of any kind are passed over`(text: String) {
        #expect(isValue(text), "\(text)")
    }

    @Test(arguments: [
        "- 1", "+", ".5", "1.", "1e", "1e+", "00", "1+1", "1..2", "-", "--", "[1 2]", "e5",
    ])
    func `what only looks like a number is not passed over`(text: String) {
        #expect(!isValue(text), "\(text)")
    }
}
