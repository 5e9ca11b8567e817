import Testing

@Suite("Golden traces")
struct TraceTests {
    @Test(arguments: try Trace.all())
    func `a script gives the output in its file`(trace: Trace) throws {
        let (output, violations) = try trace.play()
        #expect(violations == [])
        guard environment("WIBER_REWRITE") == nil else { return }
        let expected = trace.expected.last == "" ? trace.expected.dropLast() : trace.expected[...]
        let difference = zip(output, expected).enumerated().first { $1.0 != $1.1 }
        if let difference {
            Issue.record(
                "line \(difference.offset + 1): \(difference.element.0), not \(difference.element.1)"
            )
        }
        #expect(output.count == expected.count)
    }
}
