import Testing

@testable import WiberServer

@Suite("Latencies")
struct LatencyHistogramTests {
    @Test func `percentiles agree with sorted values to two per mille`() {
        var random = SplitMix(state: 3)
        var histogram = LatencyHistogram()
        var values: [UInt64] = []
        for _ in 0..<10_000 {
            let bits = UInt64.random(in: 0...36, using: &random)
            let value = UInt64.random(in: 0...(1 << bits), using: &random)
            values.append(value)
            histogram.record(nanoseconds: value)
        }
        values.sort()
        for share in [0.001, 0.5, 0.9, 0.99, 0.999, 1] {
            let exact = values[max(1, Int((share * 10_000).rounded(.up))) - 1]
            let told = histogram.percentile(share)
            #expect(told >= exact && Double(told) <= Double(exact) * 1.002, "\(share)")
        }
        #expect(histogram.longest == values.last)
        #expect(histogram.count == 10_000)
    }

    @Test func `small values are exact, huge ones do not trap, and none give zero`() {
        var histogram = LatencyHistogram()
        #expect(histogram.percentile(0.5) == 0)
        for value: UInt64 in 0..<128 { histogram.record(nanoseconds: value) }
        #expect(histogram.percentile(0.5) == 63)
        histogram.record(nanoseconds: .max)
        #expect(histogram.percentile(1) == 3_600_000_000_000)
        #expect(histogram.percentile(-1) == 0)
        var sum = LatencyHistogram()
        sum.add(histogram)
        sum.add(histogram)
        #expect(sum.count == 258 && sum.longest == histogram.longest)
        #expect(histogram.percentile(7) == histogram.percentile(1))
    }

    @Test func `a metric is the sum of its samples`() {
        let text = """
            # TYPE a_total counter
            a_total{topic="x"} 3
            a_total{topic="y"} 4.5
            a_total_more 100
            b 2
            """
        #expect(MetricSample.value(of: "a_total", in: text) == 7.5)
        #expect(MetricSample.value(of: "b", in: text) == 2)
        #expect(MetricSample.value(of: "c", in: text) == nil)
    }
}
