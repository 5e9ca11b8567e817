import Testing
import WiberBase

@Suite("Log time as text (RFC 3339)")
struct TimestampTests {
    @Test(arguments: [
        (UInt64(0), "1970-01-01T00:00:00.000000000Z"),
        (1, "1970-01-01T00:00:00.000000001Z"),
        (999_999_999, "1970-01-01T00:00:00.999999999Z"),
        (68_169_599_000_000_000, "1972-02-28T23:59:59.000000000Z"),
        (68_169_600_000_000_000, "1972-02-29T00:00:00.000000000Z"),
        (951_782_400_000_000_000, "2000-02-29T00:00:00.000000000Z"),
        (1_000_000_000_000_000_000, "2001-09-09T01:46:40.000000000Z"),
        (1_234_567_890_123_456_789, "2009-02-13T23:31:30.123456789Z"),
        (1_709_251_199_000_000_000, "2024-02-29T23:59:59.000000000Z"),
        (1_709_251_200_000_000_000, "2024-03-01T00:00:00.000000000Z"),
        (4_107_542_399_000_000_000, "2100-02-28T23:59:59.000000000Z"),
        (4_107_542_400_000_000_000, "2100-03-01T00:00:00.000000000Z"),
        (UInt64.max, "2554-07-21T23:34:33.709551615Z"),
    ])
    func `known moments`(nanoseconds: UInt64, text: String) {
        #expect(Timestamp(nanoseconds).rfc3339 == text)
    }

    @Test func `every day of a hundred and fifty years, counted one by one`() {
        var (year, month, day) = (1970, 1, 1)
        for count in UInt64(0)..<54_786 {
            let text = Timestamp(count * 86_400_000_000_000).rfc3339
            let expected = "\(year)-\(two(month))-\(two(day))T00"
            guard text.hasPrefix(expected) else {
                Issue.record("\(text) is not \(expected)")
                return
            }
            day += 1
            guard day > days(month, year) else { continue }
            day = 1
            month += 1
            if month > 12 { (year, month) = (year + 1, 1) }
        }
        #expect(year == 2119 || year == 2120)
    }

    private func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

    private func days(_ month: Int, _ year: Int) -> Int {
        let isLeap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
        return [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
    }

    @Test func `text is appended to what is there`() {
        var bytes = Array("MSG ".utf8)
        Timestamp(1).appendRFC3339(to: &bytes)
        #expect(String(decoding: bytes, as: UTF8.self) == "MSG 1970-01-01T00:00:00.000000001Z")
    }
}
