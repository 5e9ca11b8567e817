import Testing
import WiberBase

@Suite("Invariants")
struct InvariantTests {
    @Test func `one that does not hold ends the process`() async {
        await #expect(processExitsWith: .failure) {
            invariant(1 + 1 == 3, "arithmetic")
        }
    }

    @Test func `one that holds does not even make its message`() {
        func message() -> String {
            Issue.record("a message without a need")
            return ""
        }
        invariant(true, message())
    }
}
