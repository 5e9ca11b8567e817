import WiberBase
import WiberNode
import WiberWire

/// What happened, as a hash that two runs of a seed must share, and, if somebody wants to read it,
/// as lines of JSON in the form in which nodes log.
package struct TraceRecorder {
    /// What kind of event a note is about.
    enum Code: UInt64 {
        case write = 1
        case close, dial, reading, log, flush, read, event, start, kill, powerCut, fault, reply
        case commit, role, admin
    }

    /// FNV-1a over all notes, so far.
    private(set) var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    /// Gets each line, without its newline; `nil`: nobody reads.
    private let sink: ((String) -> Void)?

    /// Only the hash, or lines as well.
    package init(sink: ((String) -> Void)? = nil) { self.sink = sink }

    var isVerbose: Bool { sink != nil }

    /// Adds an event to the hash.
    mutating func note(_ code: Code, _ place: Int, _ one: UInt64, _ two: UInt64, _ now: UInt64) {
        mix(code.rawValue << 8 | UInt64(place))
        mix(one)
        mix(two)
        mix(now)
    }

    private mutating func mix(_ value: UInt64) {
        hash = (hash ^ value) &* 0x100_0000_01b3
        hash ^= hash >> 29
    }

    /// Writes a line of a node's own log.
    func record(_ event: TraceEvent, node: String, _ time: Timestamp) {
        guard sink != nil else { return }
        let level =
            switch event.level {
            case .debug: "debug"
            case .info: "info"
            case .warning: "warning"
            case .error: "error"
            }
        write(time, level, "\(event.message)", [("node_id", node)] + event.metadata)
    }

    /// Writes a line about something that the simulator did or saw.
    func record(_ message: String, node: String, _ facts: [(String, String)], _ now: UInt64) {
        guard sink != nil else { return }
        let time = Timestamp(MachineClock.epoch + now)
        write(time, "sim", message, [("node_id", node)] + facts)
    }

    private func write(
        _ time: Timestamp,
        _ level: String,
        _ message: String,
        _ facts: [(String, String)]
    ) {
        var json = JSONWriter()
        json.object { json in
            json.field("time", time.rfc3339)
            json.field("level", level)
            json.field("message", message)
            for (name, value) in facts { json.field(name, value) }
        }
        sink?(String(decoding: json.bytes, as: UTF8.self))
    }
}
