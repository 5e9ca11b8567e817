import Foundation
import Synchronization

/// Threads that work side by side, each with a connection of its own.
enum Crew {
    /// Runs `work` in so many threads; `watch` is called ten times a second until all are done.
    ///
    /// - Throws: the first error of any of them, once all have ended.
    static func run<Result: Sendable>(
        _ count: Int,
        watch: () -> Void,
        work: @escaping @Sendable (Int) throws -> Result
    ) throws -> [Result] {
        let results = Mutex<[Int: Swift.Result<Result, any Error>]>([:])
        let group = DispatchGroup()
        for place in 0..<count {
            group.enter()
            Thread.detachNewThread {
                let result = Swift.Result { try work(place) }
                results.withLock { $0[place] = result }
                group.leave()
            }
        }
        while group.wait(timeout: .now() + .milliseconds(100)) == .timedOut { watch() }
        return try results.withLock { found in
            try (0..<count).compactMap { try found[$0]?.get() }
        }
    }

    /// The share of `messages` of one of `count` that work side by side.
    static func share(of messages: Int, _ place: Int, among count: Int) -> Int {
        messages / count + (place < messages % count ? 1 : 0)
    }
}

/// A gate where all wait until the last one has come, or one has failed.
final class Gate: Sendable {
    private struct State {
        var missing: Int
        var isBroken = false
    }
    private let state: Mutex<State>

    init(_ count: Int) { state = Mutex(State(missing: count)) }

    func arrive() { state.withLock { $0.missing -= 1 } }

    /// Whether all have come, or one has failed.
    var isOver: Bool { state.withLock { $0.missing <= 0 || $0.isBroken } }

    /// Lets nobody wait any more: somebody has failed.
    func abandon() { state.withLock { $0.isBroken = true } }

    /// - Returns: `false` if somebody has failed.
    func wait() -> Bool {
        while true {
            let (isOpen, isBroken) = state.withLock { ($0.missing <= 0, $0.isBroken) }
            if isBroken { return false }
            if isOpen { return true }
            usleep(200)
        }
    }
}

/// A number that several threads count up and one shows.
final class Tally: Sendable {
    private let value = Atomic<Int>(0)
    func add(_ count: Int) { value.add(count, ordering: .relaxed) }
    var count: Int { value.load(ordering: .relaxed) }
}
