import WiberBase

@testable import WiberNode

/// Disks that lie, and what nodes did about it.
extension NodeLab {
    /// The segment files of a topic on one node, oldest first.
    func segments(_ topic: String, _ place: Int) -> [String] {
        machines[place].disk.paths.filter { $0.hasPrefix("topics/") && $0.contains("-\(topic)/") }
    }

    /// Flips one bit of a file.
    func flip(_ path: String, bit: Int, on place: Int) {
        var bytes = machines[place].disk.bytes(path)
        guard bit / 8 < bytes.count else { return }
        bytes[bit / 8] ^= 1 << UInt8(bit % 8)
        machines[place].disk.set(path, bytes)
    }

    /// Zeros a part of a file, as a lost write leaves it.
    func erase(_ path: String, _ range: Range<Int>, on place: Int) {
        var bytes = machines[place].disk.bytes(path)
        for byte in range.clamped(to: bytes.indices) { bytes[byte] = 0 }
        machines[place].disk.set(path, bytes)
    }

    func counters(_ place: Int) -> Counters { machines[place].core?.counters ?? Counters() }

    /// Publishes until the oldest messages are on disk only, in chunks of about 1,300 bytes.
    func fill(_ topic: String, rounds: Int = 90) {
        let client = connect(to: machines.indices.first { machines[$0].core != nil } ?? 0)
        let text = String(repeating: "x", count: 80)
        for round in 0..<rounds {
            ask(client, (0..<10).map { "PUB \(topic) \(round)-\($0)-\(text)" })
            _ = answers(client)
        }
        disconnect(client)
        _ = run { self.isSettled(topic) }
    }

    /// All messages as a client gets them from one node.
    func history(_ topic: String, _ place: Int) -> String {
        ask(node: place, "HISTORY \(topic) 1 1000").joined()
    }
}
