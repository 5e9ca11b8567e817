import Foundation

/// Results as text for people, JSON or CSV.
public struct BenchReport {
    private static let shares = [
        ("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p999", 0.999), ("max", 1),
    ]

    private let results: [BenchResult]

    /// The results of one measurement.
    public init(_ results: [BenchResult]) { self.results = results }

    /// One line for each kind of client, and one for its latencies.
    public var text: String {
        results.map { result in
            let bytes = Double(result.size) * result.rate / 1e6
            var lines = [
                "\(result.role) (\(result.clients)): \(result.messages) messages of "
                    + "\(result.size) bytes in "
                    + String(
                        format: "%.3f s: %.0f/s, %.1f MB/s",
                        result.seconds,
                        result.rate,
                        bytes
                    )
            ]
            if result.duplicates > 0 { lines.append("\(result.duplicates) were duplicates") }
            if let latencies = result.latencies {
                let times = Self.shares.map { name, share in
                    "\(name) " + String(format: "%.3f ms", Self.milliseconds(latencies, share))
                }
                lines.append("latency: " + times.joined(separator: ", "))
            }
            return lines.joined(separator: "\n")
        }.joined(separator: "\n")
    }

    /// The fields `results`, each with `role`, figures and, of answers, `latency_ms`.
    public var json: [String: Any] {
        ["results": results.map(Self.fields)]
    }

    /// A heading, and a row for each kind of client.
    public var csv: String {
        let heading =
            ["role", "clients", "messages", "size", "seconds", "per_second"]
            + Self.shares.map { "\($0.0)_ms" }
        let rows = results.map { result in
            [
                result.role, "\(result.clients)", "\(result.messages)", "\(result.size)",
                String(format: "%.6f", result.seconds), String(format: "%.1f", result.rate),
            ]
                + Self.shares.map { _, share in
                    result.latencies.map {
                        String(format: "%.6f", Self.milliseconds($0, share))
                    } ?? ""
                }
        }
        return ([heading] + rows).map { $0.joined(separator: ",") }.joined(separator: "\n")
    }

    private static func fields(_ result: BenchResult) -> [String: Any] {
        var fields: [String: Any] = [
            "role": result.role, "clients": result.clients, "messages": result.messages,
            "size": result.size, "seconds": result.seconds, "per_second": result.rate,
            "bytes_per_second": result.rate * Double(result.size),
        ]
        if result.duplicates > 0 { fields["duplicates"] = result.duplicates }
        if let latencies = result.latencies {
            fields["latency_ms"] = Dictionary(
                uniqueKeysWithValues: shares.map { ($0.0, milliseconds(latencies, $0.1)) }
            )
        }
        return fields
    }

    private static func milliseconds(_ latencies: LatencyHistogram, _ share: Double) -> Double {
        Double(latencies.percentile(share)) / 1e6
    }
}
