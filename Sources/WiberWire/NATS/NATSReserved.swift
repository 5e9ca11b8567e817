/// Subjects that the servers use among themselves: clients may not publish to them.
///
/// They are those of nats-server, whether Wiber uses them or not: who is refused there is refused here.
public enum NATSReserved {
    /// Whether a client may not publish to this.
    public static func isSubject(_ subject: UnsafeRawBufferPointer) -> Bool {
        switch subject.first {
        case UInt8(ascii: "_"): begins(subject, "_GR_.", more: 1)
        case UInt8(ascii: "$"): begins(subject, "$NRG.", more: 0)
        default: false
        }
    }

    /// Whether a client may not ask for answers here.
    public static func isReply(_ reply: UnsafeRawBufferPointer) -> Bool {
        switch reply.first {
        case UInt8(ascii: "_"): begins(reply, "_R_.", more: 0) || begins(reply, "_GR_.", more: 1)
        case UInt8(ascii: "$"): begins(reply, "$JS.ACK.", more: 1)
        default: false
        }
    }

    /// Whether it begins so, with at least so many bytes behind.
    private static func begins(
        _ subject: UnsafeRawBufferPointer,
        _ start: StaticString,
        more: Int
    ) -> Bool {
        let count = start.utf8CodeUnitCount
        return subject.count >= count + more
            && (0..<count).allSatisfy { subject[$0] == start.utf8Start[$0] }
    }
}
