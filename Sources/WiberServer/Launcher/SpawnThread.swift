import Foundation
import Synchronization

/// The thread that starts all child processes, and lives as long as this process.
///
/// The kernel ties a child's parent-death signal to the *thread* that made it: a child that a
/// pool's thread starts is told that its parent has died when the pool retires that thread.
final class SpawnThread: Sendable {
    private typealias Job = @Sendable () -> Void

    private let jobs = Mutex<[Job]>([])
    private let isWaiting = DispatchSemaphore(value: 0)

    /// Starts the thread.
    init() {
        let thread = Thread { [self] in
            while true {
                isWaiting.wait()
                let job = jobs.withLock { $0.isEmpty ? nil : $0.removeFirst() }
                job?()
            }
        }
        thread.name = "spawn"
        thread.start()
    }

    /// Runs `body` on the thread.
    func run<Value: Sendable>(
        _ body: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            jobs.withLock { $0.append { continuation.resume(with: Result(catching: body)) } }
            isWaiting.signal()
        }
    }
}
