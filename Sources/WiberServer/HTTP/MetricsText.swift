import Foundation
import WiberNode

/// Metrics in Prometheus's text form (exposition format 0.0.4).
enum MetricsText {
    /// All lines of one name stand together, as the format demands.
    static func render(_ metrics: [Metric]) -> String {
        var order: [String] = []
        var lines: [String: [Metric]] = [:]
        for metric in metrics {
            if lines[metric.name] == nil { order.append(metric.name) }
            lines[metric.name, default: []].append(metric)
        }
        var text = ""
        for name in order {
            for (place, metric) in (lines[name] ?? []).enumerated() {
                if place == 0 {
                    text += "# HELP \(name) \(escaped(metric.help))\n"
                    text += "# TYPE \(name) \(metric.kind.rawValue)\n"
                }
                text += name + labels(metric.labels) + " " + number(metric.value) + "\n"
            }
        }
        return text
    }

    private static func labels(_ labels: [(String, String)]) -> String {
        guard !labels.isEmpty else { return "" }
        let fields = labels.map { label in
            let value = escaped(label.1).replacing("\"", with: "\\\"")
            return "\(label.0)=\"\(value)\""
        }
        return "{" + fields.joined(separator: ",") + "}"
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\n", with: "\\n")
    }

    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        return value == value.rounded() && abs(value) < 1e15
            ? String(Int64(value)) : String(value)
    }
}
