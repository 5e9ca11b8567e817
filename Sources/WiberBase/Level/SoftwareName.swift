/// The name of a release, as nodes tell it each other, such as `0.1.0`.
public enum SoftwareName {
    /// The most bytes of one.
    public static let lengthMax = 63

    /// Whether a text can be one: it is printed as it is.
    public static func isValid(_ text: String) -> Bool {
        (1...lengthMax).contains(text.utf8.count)
            && text.utf8.allSatisfy {
                $0 > UInt8(ascii: " ") && $0 < 127 && $0 != UInt8(ascii: "\"")
            }
    }
}
