/// Keeps a window of publishes under way, so that the way there and back is paid once.
public struct PublishPipeline {
    /// The server.
    public let line: LineClient
    /// How many publishes may wait for their reply.
    public let window: Int
    /// How many were sent, or will be with the next ``flush()``.
    public private(set) var sent = 0
    /// How many the server has stored.
    public private(set) var stored = 0
    /// How many it has refused.
    public private(set) var refused = 0
    /// The first refusal: its place among all publishes, from 1, and the `ERR` line.
    public private(set) var firstRefusal: (place: Int, line: String)?
    /// The sequence in the newest reply.
    public private(set) var lastSequence: UInt64 = 0
    /// How long replies took, from the flush.
    public private(set) var latencies = LatencyHistogram()

    private var batch: [UInt8] = []
    private var unsent = 0
    /// What was flushed together and waits for replies, in order.
    private var flushes: [(left: Int, at: ContinuousClock.Instant)] = []

    /// Nothing under way.
    ///
    /// - Precondition: `window` is at least 1.
    public init(_ line: LineClient, window: Int) {
        precondition(window >= 1, "a window of \(window)")
        self.line = line
        self.window = window
    }

    /// How many wait for their reply.
    public var waiting: Int { sent - stored - refused }
    /// Whether no more may be added before a reply is taken.
    public var isFull: Bool { waiting >= window }
    /// Bytes that wait for ``flush()``.
    public var batchLength: Int { batch.count }

    /// Adds a whole `PUB` line, with its end.
    public mutating func add(_ request: some Collection<UInt8>) {
        batch += request
        sent += 1
        unsent += 1
    }

    /// Sends what was added.
    public mutating func flush() throws {
        guard unsent > 0 else { return }
        try line.connection.send(batch)
        batch.removeAll(keepingCapacity: true)
        flushes.append((unsent, .now))
        unsent = 0
    }

    /// Takes all replies that are at hand, without waiting for more.
    ///
    /// - Returns: how many.
    @discardableResult
    public mutating func takeReady() throws -> Int {
        var taken = 0
        var done = 0
        var now = ContinuousClock.now
        while waiting > unsent {
            if !line.connection.hasLine {
                guard line.connection.canRead(within: 0) else { break }
                now = .now
            }
            try takeOne()
            taken += 1
            while done < flushes.count, flushes[done].left == 0 { done += 1 }
            guard done < flushes.count else { continue }
            flushes[done].left -= 1
            let span = now - flushes[done].at
            latencies.record(nanoseconds: UInt64(max(0, span / .nanoseconds(1))))
        }
        while done < flushes.count, flushes[done].left == 0 { done += 1 }
        flushes.removeFirst(done)
        return taken
    }

    private mutating func takeOne() throws {
        do {
            lastSequence = try line.sequence()
            stored += 1
        } catch ClientError.refused(let text) {
            if firstRefusal == nil { firstRefusal = (stored + refused + 1, text) }
            refused += 1
        }
    }

    /// Waits, at most a second, for replies or for another descriptor (−1: none).
    public func wait(or descriptor: Int32 = -1) { line.connection.wait(or: descriptor) }
}
