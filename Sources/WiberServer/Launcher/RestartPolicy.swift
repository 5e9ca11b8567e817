/// Decides whether a child that ended is started again, and when.
struct RestartPolicy {
    /// How often in a row a child may end soon after its start.
    static let quickEndsMax = 5
    /// What counts as soon.
    static let quick = Duration.seconds(10)

    private var quickEnds: [String: Int] = [:]

    /// How long to wait before `node`, which lived for `life`, is started again; `nil`: not at all.
    mutating func pause(for node: String, after life: Duration) -> Duration? {
        guard life < Self.quick else {
            quickEnds[node] = 0
            return .zero
        }
        let count = quickEnds[node, default: 0] + 1
        quickEnds[node] = count
        guard count < Self.quickEndsMax else { return nil }
        return count == 1 ? .zero : .milliseconds(250 << (count - 2))
    }
}
