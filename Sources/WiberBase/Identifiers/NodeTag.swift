/// What a node has or where it is, such as `ssd` or `zone:a`: topics ask for nodes with such tags.
///
/// 1 to 63 of `A-Z a-z 0-9 _ - . /`, and one colon at most, between a key and its value.
public enum NodeTag {
    /// The most bytes of a tag.
    public static let lengthMax = 63
    /// The most tags of a node, or that a topic asks for.
    public static let countMax = 16

    /// Whether a text can be a tag.
    public static func isValid(_ text: String) -> Bool {
        let parts = text.utf8.split(separator: colon, omittingEmptySubsequences: false)
        return text.utf8.count <= lengthMax && parts.count <= 2 && parts.allSatisfy(isWord)
    }

    /// Whether a text can be what is before a tag's colon.
    public static func isValidKey(_ text: String) -> Bool {
        text.utf8.count < lengthMax && isWord(Substring(text).utf8)
    }

    /// Why texts cannot be a node's tags together; `nil` if they can.
    public static func refusal(of tags: [String]) -> String? {
        guard tags.count <= countMax else {
            return "\(tags.count) tags are too many: give at most \(countMax)"
        }
        var keys: Set<String> = []
        for tag in tags {
            guard isValid(tag) else {
                return
                    "a tag has 1 to \(lengthMax) of A-Z a-z 0-9 _ - . / and one colon at most, as"
                    + " ssd or zone:a"
            }
            guard keys.insert(key(of: tag) ?? ":" + tag).inserted else {
                return "\(key(of: tag) ?? tag) is given twice: a node has one of each"
            }
        }
        return nil
    }

    /// The value of the tag with a key, as `a` of `zone:a`; `nil` if there is none.
    public static func value(of key: String, in tags: [String]) -> String? {
        guard let tag = tags.first(where: { self.key(of: $0) == key }) else { return nil }
        return String(tag.dropFirst(key.count + 1))
    }

    private static let colon = UInt8(ascii: ":")

    private static func key(of tag: String) -> String? {
        tag.utf8.firstIndex(of: colon).map { String(tag[..<$0]) }
    }

    private static func isWord(_ text: Substring.UTF8View) -> Bool {
        !text.isEmpty
            && text.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"),
                    UInt8(ascii: "."), UInt8(ascii: "/"):
                    true
                default: false
                }
            }
    }
}
