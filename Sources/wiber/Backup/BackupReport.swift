import Foundation
import WiberBackup
import WiberBase
import WiberServer

/// What a backup or a restore says while it goes on, on standard error, and when it is done.
struct BackupReport {
    private let verb: String
    private let start = ContinuousClock.now
    private var shownAt = ContinuousClock.now
    private var progress = BackupProgress(topic: "")

    /// `verb` says what is done to each topic.
    init(doing verb: String) { self.verb = verb }

    /// Says how far it is, at most once a second.
    mutating func show(_ progress: BackupProgress) {
        let now = ContinuousClock.now
        guard now - shownAt >= .seconds(1) else { return }
        shownAt = now
        Terminal.complain(
            "\(verb) \(progress.topic): \(progress.messages.done) of \(progress.messages.all) messages, "
                + "\(progress.bytes.done) of \(progress.bytes.all) bytes, \(progress.percentage) %"
        )
    }

    /// Counts a block of a backup.
    mutating func show(_ item: BackupItem) {
        if case .topic(let topic) = item {
            progress = BackupProgress(topic: topic.configuration.name)
        }
        progress.add(item)
        show(progress)
    }

    /// What was done.
    struct Summary {
        let text: String
        let fields: [String: Any]
    }

    func summary(
        _ what: String,
        _ topics: [(topic: String, totals: BackupTotals)],
        to place: String?
    ) -> Summary {
        let messages = topics.reduce(0) { $0 + $1.totals.messages }
        let bytes = topics.reduce(0) { $0 + $1.totals.bytes }
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        var lines = topics.map {
            "\($0.topic): \($0.totals.messages) messages, \($0.totals.bytes) bytes"
        }
        let rate = Int(Double(messages) / max(seconds, 0.001))
        lines.append(
            "\(what) \(topics.count) topic\(topics.count == 1 ? "" : "s"), \(messages) messages,"
                + " \(bytes) bytes in \(String(format: "%.1f", seconds)) s (\(rate) messages/s)"
                + (place.map { " to \($0)" } ?? "")
        )
        let list = topics.map { entry -> [String: Any] in
            [
                "topic": entry.topic, "messages": entry.totals.messages,
                "bytes": entry.totals.bytes,
            ]
        }
        var fields: [String: Any] = [
            "topics": list, "messages": messages, "bytes": bytes, "seconds": seconds,
        ]
        if let place { fields["to"] = place }
        return Summary(text: lines.joined(separator: "\n"), fields: fields)
    }
}
