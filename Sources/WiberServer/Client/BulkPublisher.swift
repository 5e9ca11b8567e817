import Glibc

/// Publishes each line of an input as a message, as soon as the input has it.
public struct BulkPublisher {
    /// The longest line, in bytes: the payload limit.
    static let lineLengthMax = 1 << 20
    /// How long the server may be silent while it owes replies.
    static let patience = Duration.seconds(15)

    private let topic: String
    private let input: Int32
    private var pipeline: PublishPipeline
    private var buffer: [UInt8] = []
    private var offset = 0
    private var isAtEnd = false
    private var tooLong = false

    /// Publishes to `topic` what comes from the descriptor `input`, by default standard input.
    public init(_ line: LineClient, topic: String, window: Int, input: Int32 = 0) {
        self.topic = topic
        self.input = input
        pipeline = PublishPipeline(line, window: window)
    }

    /// Publishes until the input ends, or something goes wrong.
    ///
    /// In that case nothing more is sent, but the replies to what was sent are waited for. Empty
    /// lines are left out. `progress` is given the number of messages stored, now and then.
    ///
    /// - Returns: how many were stored, and the last one's sequence.
    /// - Throws: ``ClientError/partly(stored:refused:unknown:cause:)``
    public mutating func run(
        progress: (Int) -> Void = { _ in }
    ) throws -> (stored: Int, lastSequence: UInt64) {
        var heardAt = ContinuousClock.now
        do {
            while !isAtEnd || pipeline.waiting > 0 {
                let wantsInput = !isAtEnd && !pipeline.isFull
                if wantsInput { try addLines() }
                try pipeline.flush()
                if try pipeline.takeReady() > 0 || pipeline.waiting == 0 {
                    heardAt = .now
                    progress(pipeline.stored)
                } else if ContinuousClock.now - heardAt > Self.patience {
                    throw ClientError.timeout(
                        address: "\(pipeline.line.connection.address)",
                        seconds: Int(Self.patience / .seconds(1))
                    )
                }
                if pipeline.refused > 0 { isAtEnd = true }
                if !isAtEnd, !pipeline.isFull, hasWholeLine { continue }
                guard !isAtEnd || pipeline.waiting > 0 else { break }
                if pipeline.waiting == 0 { try pipeline.line.connection.checkOpen() }
                pipeline.wait(or: isAtEnd || pipeline.isFull ? -1 : input)
                if !isAtEnd, !pipeline.isFull { fill() }
            }
        } catch let error as ClientError {
            throw partly("\(error)")
        }
        if let refusal = pipeline.firstRefusal {
            throw partly("message \(refusal.place) of the input: \(refusal.line)")
        }
        if tooLong { throw partly("a line of the input is longer than 1 MiB: split it") }
        return (pipeline.stored, pipeline.lastSequence)
    }

    private func partly(_ cause: String) -> ClientError {
        .partly(
            stored: pipeline.stored,
            refused: pipeline.refused,
            unknown: pipeline.waiting,
            cause: cause
        )
    }

    private var hasWholeLine: Bool { buffer[offset...].contains(UInt8(ascii: "\n")) }

    /// Adds the whole lines at hand, as far as the window allows.
    private mutating func addLines() throws {
        while !pipeline.isFull, let end = buffer[offset...].firstIndex(of: UInt8(ascii: "\n")) {
            add(buffer[offset..<end])
            offset = end + 1
            if pipeline.batchLength > 256 << 10 { try pipeline.flush() }
        }
        buffer.removeFirst(offset)
        offset = 0
        if buffer.count > Self.lineLengthMax {
            tooLong = true
            isAtEnd = true
        }
    }

    private mutating func add(_ text: ArraySlice<UInt8>) {
        let text = text.last == UInt8(ascii: "\r") ? text.dropLast() : text
        guard !text.isEmpty else { return }
        pipeline.add(Array("PUB \(topic) ".utf8) + text + [13, 10])
    }

    /// Reads what the input has; its last line may lack an end.
    private mutating func fill() {
        var poll = pollfd(fd: input, events: Int16(POLLIN), revents: 0)
        guard Glibc.poll(&poll, 1, 0) > 0 else { return }
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        let count = read(input, &chunk, chunk.count)
        if count > 0 {
            buffer += chunk[..<count]
        } else if count == 0 || errno != EINTR {
            isAtEnd = true
            if buffer.count <= Self.lineLengthMax { add(buffer[...]) }
            buffer.removeAll()
        }
    }
}
