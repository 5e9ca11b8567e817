import Testing
import WiberBase

@Suite("A topic's configuration")
struct TopicConfigurationTests {
    @Test func `the defaults are those of the contract`() {
        let topic = TopicConfiguration(name: "notifications", replicas: 3)
        #expect(topic.subjects == ["notifications", "notifications.>"])
        #expect(topic.retention.isUnlimited)
        #expect(topic.dedupKey == .id)
        #expect(topic.dedupWindow == 120_000_000_000)
    }

    @Test(arguments: ["a", "A-Z_09", String(repeating: "x", count: 255)])
    func `a name of letters, digits, dash and underscore is valid`(name: String) {
        #expect(TopicConfiguration.isValidName(Array(name.utf8)))
    }

    @Test(arguments: ["", "a b", "a.b", "größe", "a/b", "a\0", String(repeating: "x", count: 256)])
    func `another is not`(name: String) {
        #expect(!TopicConfiguration.isValidName(Array(name.utf8)))
    }

    @Test func `one limit is enough to be limited`() {
        #expect(!TopicConfiguration.Retention(maxAge: 1).isUnlimited)
        #expect(!TopicConfiguration.Retention(maxBytes: 1).isUnlimited)
        #expect(!TopicConfiguration.Retention(maxMessages: 0).isUnlimited)
    }
}
