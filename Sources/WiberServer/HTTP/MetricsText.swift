import Foundation
import WiberNode

/// Metrics in Prometheus's text form (exposition format 0.0.4).
enum MetricsText {
    static func render(_ metrics: [Metric]) -> String {
        var text = ""
        var last = ""
        for metric in metrics {
            if metric.name != last {
                last = metric.name
                text += "# HELP \(metric.name) \(metric.help)\n"
                text += "# TYPE \(metric.name) \(metric.kind.rawValue)\n"
            }
            text += metric.name + labels(metric.labels) + " " + number(metric.value) + "\n"
        }
        return text
    }

    private static func labels(_ labels: [(String, String)]) -> String {
        guard !labels.isEmpty else { return "" }
        let fields = labels.map { label in
            let value = label.1.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
                .replacing("\n", with: "\\n")
            return "\(label.0)=\"\(value)\""
        }
        return "{" + fields.joined(separator: ",") + "}"
    }

    private static func number(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : String(value)
    }
}

/// What the kernel says about this process.
enum ProcessMetrics {
    static var current: [Metric] {
        let fields = (try? String(contentsOfFile: "/proc/self/stat", encoding: .utf8)) ?? ""
        let values = fields.split(separator: ")").last?.split(separator: " ") ?? []
        func value(_ place: Int) -> Double { place < values.count ? Double(values[place]) ?? 0 : 0 }
        return [
            Metric(
                name: "process_cpu_seconds_total",
                help: "User and system time.",
                kind: .counter,
                labels: [],
                value: (value(11) + value(12)) / 100
            ),
            Metric(
                name: "process_resident_memory_bytes",
                help: "Resident memory.",
                kind: .gauge,
                labels: [],
                value: value(21) * 4_096
            ),
        ]
    }
}
