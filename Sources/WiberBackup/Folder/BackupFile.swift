/// The names of files in a backup's folder.
public enum BackupFile {
    /// What says which topics there are; written last.
    public static let contents = "contents.wbk"
    /// What a file's name ends with while it is being written.
    public static let temporarySuffix = ".partial"
    /// The longest name without its end, in bytes: file systems take 255.
    private static let lengthMax = 200

    /// The file of the topic at a place in the backup.
    ///
    /// Small letters, digits, `_` and `-` stay, and everything else is `%XX`, so that no name is a
    /// path, and no two are one file where case does not count. A name that gets too long is cut, and
    /// told apart by the place.
    public static func name(of topic: String, place: Int) -> String {
        var name = "topic-"
        for byte in topic.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "_"), UInt8(ascii: "-"):
                name.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                name += "%" + (digits.count < 2 ? "0" : "") + digits
            }
        }
        if name.utf8.count > lengthMax {
            name = String(decoding: name.utf8.prefix(lengthMax - 20), as: UTF8.self) + "~\(place)"
        }
        return name + ".wbk"
    }
}
