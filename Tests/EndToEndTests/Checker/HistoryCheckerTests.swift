import Testing

@Suite("The checker of the failure tests finds what it is there for")
struct HistoryCheckerTests {
    /// Two clients: 0-0 and 1-0 acknowledged, 0-1 refused, 0-2 unknown.
    private let checker = HistoryChecker(
        fates: [
            [.acknowledged(sequence: 1), .refused, .unknown],
            [.acknowledged(sequence: 2)],
        ]
    )

    private func problems(
        _ copies: [(sequence: Int, text: String)]...
    ) throws -> HistoryChecker.Findings {
        try checker.check(
            copies.enumerated().map { place, copy in
                HistoryChecker.Source(name: "n\(place + 1)") { from in
                    copy.dropFirst(from - 1).prefix(2).map { message in
                        History.Message(
                            sequence: message.sequence,
                            time: "2026-01-31T12:00:0\(message.sequence).000000000Z",
                            subject: "notes",
                            data: message.text,
                            dataBase64: nil
                        )
                    }
                }
            }
        )
    }

    @Test func `what was acknowledged and nothing else is right, the unknown there or not`() throws
    {
        #expect(try problems([(1, "0-0"), (2, "1-0")], [(1, "0-0"), (2, "1-0")]).isEmpty)
        #expect(try problems([(1, "0-0"), (2, "1-0"), (3, "0-2")]).isEmpty)
    }

    @Test func `an acknowledged message that is lost or elsewhere is found`() throws {
        #expect(try problems([(1, "0-0")]).count == 1)
        #expect(try problems([(1, "1-0"), (2, "0-0")]).count == 2)
    }

    @Test func `a message that is there twice or was refused is found`() throws {
        #expect(try problems([(1, "0-0"), (2, "1-0"), (3, "0-2"), (4, "0-2")]).count == 1)
        #expect(try problems([(1, "0-0"), (2, "1-0"), (3, "0-1")]).count == 1)
    }

    @Test func `a gap, a message nobody sent and nodes that differ are found`() throws {
        #expect(try !problems([(1, "0-0"), (3, "1-0")]).isEmpty)
        #expect(try problems([(1, "0-0"), (2, "1-0"), (3, "7-7")]).count == 1)
        #expect(
            try problems([(1, "0-0"), (2, "1-0")], [(1, "0-0"), (2, "1-0"), (3, "0-2")]).count == 1
        )
    }
}
