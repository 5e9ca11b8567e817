import Dispatch
import Glibc
import Synchronization

/// One place where log lines go, written by a thread of its own.
///
/// Who logs never waits: a terminal that is held or a disk that hangs must not stop a shard. Lines
/// that find ``pendingBytesMax`` waiting are dropped and counted; the next line that fits says so.
final class LogOutput: Sendable {
    /// The bytes that may wait.
    static let pendingBytesMax = 1 << 20

    private struct State {
        var pending: [UInt8] = []
        var isWriting = false
        var dropped: UInt64 = 0
        var droppedUntold: UInt64 = 0
    }

    private let state = Mutex(State())
    private let queue: DispatchQueue
    private let write: @Sendable ([UInt8]) -> Void

    /// Lines go to `write`, whole lines in order, several at a time if they come quickly.
    init(label: String, write: @escaping @Sendable ([UInt8]) -> Void) {
        queue = DispatchQueue(label: label)
        self.write = write
    }

    /// The lines that were dropped so far.
    var droppedLines: UInt64 { state.withLock { $0.dropped } }

    /// Takes a line without its newline.
    func add(_ line: String) {
        let mustStart = state.withLock { state in
            guard state.pending.count + line.utf8.count < Self.pendingBytesMax else {
                state.dropped += 1
                state.droppedUntold += 1
                return false
            }
            if state.droppedUntold > 0 {
                let note = "(\(state.droppedUntold) lines were dropped here)\n"
                state.pending.append(contentsOf: note.utf8)
                state.droppedUntold = 0
            }
            state.pending.append(contentsOf: line.utf8)
            state.pending.append(UInt8(ascii: "\n"))
            defer { state.isWriting = true }
            return !state.isWriting
        }
        if mustStart { queue.async { self.writePending() } }
    }

    /// Waits until everything so far is written, for at most a second.
    func flush() {
        let isDone = DispatchSemaphore(value: 0)
        queue.async { isDone.signal() }
        _ = isDone.wait(timeout: .now() + 1)
    }

    private func writePending() {
        while true {
            let bytes = state.withLock { state in
                let bytes = state.pending
                state.pending = []
                if bytes.isEmpty { state.isWriting = false }
                return bytes
            }
            guard !bytes.isEmpty else { return }
            write(bytes)
        }
    }
}

/// Writes all bytes to a descriptor; what fails is lost, since a log must not end a node.
func writeAll(_ bytes: [UInt8], to descriptor: Int32) {
    var offset = 0
    while offset < bytes.count {
        let count = bytes.withUnsafeBytes { buffer in
            Glibc.write(
                descriptor,
                buffer.baseAddress?.advanced(by: offset),
                buffer.count - offset
            )
        }
        if count > 0 {
            offset += count
        } else if count == 0 || (errno != EINTR && errno != EAGAIN) {
            return
        }
    }
}
