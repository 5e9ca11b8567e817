import Glibc
import WiberBase

/// A process that hunts one mutant, and what it has said.
struct Child {
    /// What came of a hunt.
    struct Outcome {
        /// The check that saw the mutant; `nil` if none did.
        var caughtBy: String?
        var seeds: UInt64
        /// What the check said.
        var text: String?
    }

    /// `nil` is the code without a mutant.
    let mutant: Mutant?
    let place: Hunt.Place
    /// Where it is heard.
    let descriptor: Int32
    private let process: pid_t
    private let start = ContinuousClock.now
    private var said: [UInt8] = []

    /// Starts a process.
    init?(_ mutant: Mutant?, _ place: Hunt.Place, seeds: UInt64) {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { return nil }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        posix_spawn_file_actions_adddup2(&actions, ends[1], 2)
        for end in ends { posix_spawn_file_actions_addclose(&actions, end) }
        let name = mutant?.rawValue ?? Hunt.control
        let words = ["mutants", Hunt.flag, name, place.name, "\(seeds)"]
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        // A trap is an answer here: nobody needs to see where it was.
        var environment: [UnsafeMutablePointer<CChar>?] = [
            strdup("SWIFT_BACKTRACE=enable=no"), nil,
        ]
        var process: pid_t = 0
        let code = posix_spawn(&process, "/proc/self/exe", &actions, nil, &arguments, &environment)
        posix_spawn_file_actions_destroy(&actions)
        for word in arguments + environment { free(word) }
        close(ends[1])
        guard code == 0 else { return nil }
        self.mutant = mutant
        self.place = place
        self.process = process
        descriptor = ends[0]
    }

    /// Since its start.
    var seconds: Double { (ContinuousClock.now - start) / .seconds(1) }

    /// Ends it: it had its time.
    func end() { kill(process, SIGKILL) }

    /// Takes in what it says; returns whether there may be more.
    mutating func read() -> Bool {
        var buffer = [UInt8](repeating: 0, count: 4_096)
        let count = Glibc.read(descriptor, &buffer, buffer.count)
        guard count > 0 else { return false }
        said += buffer[..<count]
        return true
    }

    /// Waits for its end; what came of it.
    func outcome() -> Outcome {
        close(descriptor)
        var status: Int32 = 0
        waitpid(process, &status, 0)
        let lines = String(decoding: said, as: UTF8.self).split(separator: "\n")
        let seed = lines.last { $0.hasPrefix(Hunt.seedPrefix) }
        var outcome = Outcome(
            seeds: seed.flatMap { UInt64($0.dropFirst(Hunt.seedPrefix.count)) } ?? 0
        )
        if let caught = lines.last(where: { $0.hasPrefix(Hunt.caughtPrefix) }) {
            let text = caught.dropFirst(Hunt.caughtPrefix.count)
            outcome.caughtBy = text.split(separator: ":").first.map(String.init)
            outcome.text = String(text)
        } else if let trap = lines.last(where: { $0.contains("Fatal error:") }) {
            let file = trap.split(separator: ":").first?.split(separator: "/").last ?? ""
            outcome.caughtBy = "an invariant of `\(file.split(separator: ".").first ?? "")`"
            outcome.text = String(trap)
        } else if status & 0x7f != 0, status & 0x7f != SIGKILL {
            outcome.caughtBy = "a trap"
        }
        return outcome
    }
}
