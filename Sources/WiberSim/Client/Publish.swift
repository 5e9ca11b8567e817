/// A message that a client wants stored, and what became of it.
final class Publish {
    /// What its client was told.
    enum Outcome: Equatable {
        /// Nothing, so far or for ever: it may be stored once, or not.
        case unknown
        case stored(UInt64)
        /// It must not be stored, now or ever.
        case refused
    }

    let topic: String
    let text: String
    let bytes: [UInt8]
    /// Under which it may be sent again.
    let id: String?
    /// The highest sequence of the topic that anybody had been told when it was sent.
    var acknowledgedBefore: UInt64 = 0
    var outcome = Outcome.unknown
    /// The connection on which it was sent last, and its place among everything that was sent.
    var connection = ""
    var order = 0

    /// The subject, if it is not the topic's name.
    let subject: String?

    init(topic: String, text: String, id: String?, subject: String? = nil) {
        self.topic = topic
        self.subject = subject
        self.text = text
        bytes = Array(text.utf8)
        self.id = id
    }

    /// Whether a repeat is recognised as one.
    var isRepeatable: Bool { id != nil || topic == "same" }

    var line: String {
        guard let id else { return "PUB \(subject ?? topic) \(text)\r\n" }
        return "PUBID \(topic) \(id) \(text)\r\n"
    }
}
