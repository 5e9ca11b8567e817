/// Publishes one message again and again, as fast as the server acknowledges.
public struct BenchmarkRun {
    /// What happened.
    public private(set) var pipeline: PublishPipeline
    private let request: [UInt8]
    private let messages: Int

    /// A run that has not begun; `request` is a whole `PUB` line with its end.
    public init(_ line: LineClient, request: [UInt8], messages: Int, window: Int) {
        pipeline = PublishPipeline(line, window: window)
        self.request = request
        self.messages = messages
    }

    /// Publishes.
    ///
    /// - Returns: how long it took, in seconds.
    /// - Throws: ``ClientError``, at the first refusal too.
    public mutating func run(progress: (Int) -> Void) throws -> Double {
        let start = ContinuousClock.now
        var heardAt = start
        while pipeline.stored < messages {
            while pipeline.sent < messages, !pipeline.isFull, pipeline.batchLength < 64 << 10 {
                pipeline.add(request)
            }
            try pipeline.flush()
            if try pipeline.takeReady() > 0 {
                heardAt = .now
                progress(pipeline.stored)
            } else if pipeline.isFull || pipeline.sent == messages {
                pipeline.wait()
                if ContinuousClock.now - heardAt > BulkPublisher.patience {
                    let address = "\(pipeline.line.connection.address)"
                    let seconds = Int(BulkPublisher.patience / .seconds(1))
                    throw ClientError.timeout(address: address, seconds: seconds)
                }
            }
            if let refusal = pipeline.firstRefusal { throw ClientError.refused(refusal.line) }
        }
        return (ContinuousClock.now - start) / .seconds(1)
    }
}

/// Reads single values out of the text of `/metrics`.
public enum MetricSample {
    /// The sum of all samples of `name`, whatever their labels; `nil` if there is none.
    public static func value(of name: String, in text: String) -> Double? {
        var sum: Double?
        for line in text.split(separator: "\n") where line.hasPrefix(name) {
            let rest = line.dropFirst(name.count)
            guard rest.first == " " || rest.first == "{",
                let value = rest.split(separator: " ").last.flatMap({ Double($0) })
            else { continue }
            sum = (sum ?? 0) + value
        }
        return sum
    }
}
