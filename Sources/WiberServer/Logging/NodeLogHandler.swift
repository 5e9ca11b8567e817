import Foundation
import Logging
import WiberBase
import WiberNode

/// How log lines look.
public enum LogFormat: String, Sendable, CaseIterable {
    /// For people.
    case text
    /// One JSON object a line.
    case json
}

/// Writes log lines to a ``LogSink``.
struct NodeLogHandler: LogHandler {
    let sink: LogSink
    let format: LogFormat
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .info

    init(sink: LogSink, format: LogFormat) {
        self.sink = sink
        self.format = format
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let fields = metadata.merging(event.metadata ?? [:]) { _, new in new }
            .sorted { $0.key < $1.key }
            .map { ($0.key, "\($0.value)") }
        let time = Timestamp(UInt64(max(0, Date().timeIntervalSince1970 * 1e9))).rfc3339
        switch format {
        case .text:
            let facts = fields.map { " \($0.0)=\($0.1)" }.joined()
            sink.write("\(time) \(event.level) \(event.message)\(facts)")
        case .json:
            let object = Dictionary(fields) { first, _ in first }
                .merging(
                    ["time": time, "level": "\(event.level)", "message": "\(event.message)"]
                ) { _, new in new }
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            guard let data = try? encoder.encode(object) else { return }
            sink.write(String(decoding: data, as: UTF8.self))
        }
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
        let metadata = Logger.Metadata(
            event.metadata.map { ($0.0, .string($0.1)) },
            uniquingKeysWith: { first, _ in first }
        )
        log(level: level, "\(event.message)", metadata: metadata)
    }
}
