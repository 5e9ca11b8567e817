import Glibc

/// Something that should have happened by now.
struct DeadlineMissed: Error, CustomStringConvertible {
    let what: String
    let limit: Duration
    let lastError: String?
    var description: String {
        "\(what) did not happen within \(limit)" + (lastError.map { "; the last try: \($0)" } ?? "")
    }
}

/// The one way in which these tests wait: tries `probe` until it gives a value or time is up.
///
/// - Throws: ``DeadlineMissed``, with the error of the last try.
@discardableResult
func obtain<Value>(
    _ what: String,
    within limit: Duration = .seconds(15),
    _ probe: () throws -> Value?
) throws -> Value {
    let end = ContinuousClock.now + limit
    var lastError: String?
    while true {
        do {
            if let value = try probe() { return value }
        } catch {
            lastError = "\(error)"
        }
        guard ContinuousClock.now < end else {
            throw DeadlineMissed(what: what, limit: limit, lastError: lastError)
        }
        usleep(2_000)
    }
}

/// As ``obtain(_:within:_:)``, for a condition.
func eventually(
    _ what: String,
    within limit: Duration = .seconds(15),
    _ condition: () throws -> Bool
) throws {
    try obtain(what, within: limit) { try condition() ? () : nil }
}

extension Duration {
    /// In seconds, for people and for limits.
    var seconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }
}
