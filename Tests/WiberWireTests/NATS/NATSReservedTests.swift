import Testing
import WiberBase

@testable import WiberWire

@Suite("Subjects that are not for clients")
struct NATSReservedTests {
    @Test(arguments: [
        ("_R_.", false, true), ("_R_.a", false, true), ("_R_", false, false),
        ("_R_a", false, false),
        ("_GR_.", false, false), ("_GR_.a", true, true), ("$NRG.", true, false),
        ("$NRG", false, false),
        ("$JS.ACK.", false, false), ("$JS.ACK.a", false, true), ("", false, false),
        ("_INBOX.a", false, false), ("a._R_.b", false, false), ("_r_.a", false, false),
    ])
    func `they are those of nats-server`(text: String, isSubject: Bool, isReply: Bool) {
        Array(text.utf8).withUnsafeBytes { subject in
            #expect(NATSReserved.isSubject(subject) == isSubject)
            #expect(NATSReserved.isReply(subject) == isReply)
        }
    }

    @Test func `the words quote them as nats-server does`() {
        var bytes: [UInt8] = []
        Array("_GR_.a\"\\\u{1}\u{1f}\u{7f}\u{c}é".utf8).withUnsafeBytes {
            NATSWriter.violation(publishTo: $0, into: &bytes)
            NATSWriter.violation(replyTo: UnsafeRawBufferPointer(rebasing: $0[..<4]), into: &bytes)
        }
        #expect(
            String(decoding: bytes, as: UTF8.self)
                == "-ERR 'Permissions Violation for Publish to \"_GR_.a\\\"\\\\\\x01\\x1f\\x7f\\fé\"'\r\n"
                + "-ERR 'Permissions Violation for Publish with Reply of \"_GR_\"'\r\n"
        )
    }
}
