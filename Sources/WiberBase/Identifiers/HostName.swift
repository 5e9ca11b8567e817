/// What one machine dials to reach another one: a name, or an IPv4 or IPv6 address, without a port.
public enum HostName {
    /// The most bytes of one (RFC 1035, section 2.3.4).
    public static let lengthMax = 253

    /// Whether a text can be one: it goes into lines and headers of other protocols as it is.
    public static func isValid(_ text: String) -> Bool {
        guard (1...lengthMax).contains(text.utf8.count) else { return false }
        let isAddress = text.utf8.count { $0 == UInt8(ascii: ":") } > 1
        return text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"),
                UInt8(ascii: "_"):
                true
            case UInt8(ascii: ":"), UInt8(ascii: "%"): isAddress
            default: false
            }
        }
    }
}
