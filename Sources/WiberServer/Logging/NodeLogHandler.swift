import CWiber
import Logging
import WiberBase
import WiberNode

/// Writes log lines to a ``LogSink``.
struct NodeLogHandler: LogHandler {
    let sink: LogSink
    let format: LogFormat
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level

    init(sink: LogSink, format: LogFormat, level: Logger.Level = .info) {
        self.sink = sink
        self.format = format
        logLevel = level
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let facts = metadata.merging(event.metadata ?? [:]) { _, new in new }
            .sorted { $0.key < $1.key }
        let line = LogLine(
            time: Timestamp(wiber_wall_nanoseconds()),
            level: "\(event.level)",
            message: "\(event.message)",
            facts: facts.map { ($0.key, "\($0.value)") }
        )
        sink.write(line.rendered(as: format))
    }
}

extension Logger {
    /// Logs what a shard says about itself.
    func log(_ event: TraceEvent) {
        let level: Logger.Level =
            switch event.level {
            case .debug: .debug
            case .info: .info
            case .warning: .warning
            case .error: .error
            }
        guard logLevel <= level else { return }
        let metadata = Logger.Metadata(
            event.metadata.map { ($0.0, .string($0.1)) },
            uniquingKeysWith: { first, _ in first }
        )
        log(level: level, "\(event.message)", metadata: metadata)
    }
}
