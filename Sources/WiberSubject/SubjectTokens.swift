/// The tokens of a subject, one after the other; the empty subject has one, which is empty.
///
/// Borrows the memory it is given, as its tokens do.
struct SubjectTokens: IteratorProtocol {
    private let subject: UnsafeRawBufferPointer
    private var offset = 0

    init(_ subject: UnsafeRawBufferPointer) { self.subject = subject }

    /// Whether there is no token left.
    var isAtEnd: Bool { offset > subject.count }

    mutating func next() -> UnsafeRawBufferPointer? {
        guard !isAtEnd else { return nil }
        let start = offset
        while offset < subject.count, subject[offset] != Subject.separator { offset += 1 }
        let token = UnsafeRawBufferPointer(rebasing: subject[start..<offset])
        offset += 1
        return token
    }
}
