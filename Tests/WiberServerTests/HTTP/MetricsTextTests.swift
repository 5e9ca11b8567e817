import Testing
import WiberNode

@testable import WiberServer

@Suite("Metrics in Prometheus's form")
struct MetricsTextTests {
    private func metric(_ name: String, _ labels: [(String, String)], _ value: Double) -> Metric {
        Metric(name: name, help: "Help.", kind: .gauge, labels: labels, value: value)
    }

    @Test func `all lines of a name stand together below one head`() {
        let text = MetricsText.render([
            metric("a", [("topic", "x")], 1), metric("b", [], 2), metric("a", [("topic", "y")], 3),
        ])
        #expect(
            text == """
                # HELP a Help.
                # TYPE a gauge
                a{topic="x"} 1
                a{topic="y"} 3
                # HELP b Help.
                # TYPE b gauge
                b 2

                """
        )
    }

    @Test func `labels and odd numbers are escaped as the format says`() {
        let text = MetricsText.render([
            metric("a", [("x", "1\"2\\3\n4"), ("y", "z")], 0.5), metric("b", [], .nan),
            metric("c", [], .infinity), metric("d", [], 1e18),
        ])
        #expect(text.contains(#"a{x="1\"2\\3\n4",y="z"} 0.5"#))
        #expect(text.contains("b NaN\n") && text.contains("c +Inf\n") && text.contains("d 1e+18\n"))
    }

    @Test func `the process tells of itself`() {
        let metrics = ProcessMetrics.current
        let values = Dictionary(uniqueKeysWithValues: metrics.map { ($0.name, $0.value) })
        #expect((values["process_resident_memory_bytes"] ?? 0) > 1e6)
        #expect((values["process_open_fds"] ?? 0) >= 3)
        #expect((values["process_max_fds"] ?? 0) >= 64)
        #expect((values["process_start_time_seconds"] ?? 0) > 1e9)
        #expect((values["process_threads"] ?? 0) >= 1)
    }
}
