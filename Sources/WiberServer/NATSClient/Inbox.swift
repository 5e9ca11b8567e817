/// Names that nobody else has.
enum Inbox {
    /// A subject for answers.
    static func new() -> String { "_INBOX." + unique() }

    /// 24 letters and digits by chance.
    static func unique() -> String {
        let letters = Array("0123456789abcdefghijklmnopqrstuvwxyz")
        return String((0..<24).map { _ in letters.randomElement() ?? "0" })
    }
}
