import Glibc
import WiberBase

/// The tool behind `./dev mutants`: turns one mutant after the other on, and looks which check sees
/// it, and after how many seeds.
///
///     mutants [--jobs N] [--seeds N] [--minutes N] [NAME ...]
///
/// Each mutant has a process of its own, since a broken invariant ends it. Prints a table in
/// Markdown; exits with 1 if a mutant survives, or if the code without mutants does not.
@main
enum Mutants {
    static func main() {
        guard Mutant.areBuilt else {
            say("This build has no mutants: `./dev mutants` makes one that has.\n", to: 2)
            exit(2)
        }
        let arguments = CommandLine.arguments.dropFirst()
        if arguments.first == Hunt.flag { return Hunt.run(Array(arguments.dropFirst())) }
        guard let options = Options(Array(arguments)) else {
            say("mutants [--jobs N] [--seeds N] [--minutes N] [NAME ...]\n", to: 2)
            exit(2)
        }
        var pack = Pack(options)
        pack.run()
        exit(pack.hasFailed ? 1 : 0)
    }

    /// Writes to a file descriptor at once: what a process said before it ended must be there.
    static func say(_ text: String, to descriptor: Int32 = 1) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { return }
            bytes.removeFirst(count)
        }
    }
}

/// What was asked for.
struct Options {
    /// How many processes run side by side.
    var jobs = 2
    /// How many seeds a mutant may survive, and for how long.
    var seeds: UInt64 = 5_000
    var minutes = 10
    var mutants: [Mutant] = []

    init?(_ arguments: [String]) {
        var rest = arguments[...]
        while let word = rest.popFirst() {
            switch word {
            case "--jobs":
                guard let number = rest.popFirst().flatMap({ Int($0) }), number > 0 else {
                    return nil
                }
                jobs = number
            case "--seeds":
                guard let number = rest.popFirst().flatMap({ UInt64($0) }) else { return nil }
                seeds = number
            case "--minutes":
                guard let number = rest.popFirst().flatMap({ Int($0) }) else { return nil }
                minutes = number
            default:
                guard let mutant = Mutant(rawValue: word) else { return nil }
                mutants.append(mutant)
            }
        }
        if mutants.isEmpty { mutants = Mutant.allCases }
    }
}
