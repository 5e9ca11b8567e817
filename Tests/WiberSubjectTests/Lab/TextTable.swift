import WiberBase

@testable import WiberSubject

/// A table that is spoken to in text, because a test is read.
final class TextTable {
    var table: SubjectTable

    init(seed: UInt64) { table = SubjectTable(seed: seed) }
    init(_ table: SubjectTable) { self.table = table }

    var count: Int { table.count }
    var cacheCount: Int { table.cacheCount }

    @discardableResult
    func insert(_ id: UInt64, _ subject: String, queue: String? = nil) -> Bool {
        let queue = queue.map { Array($0.utf8) }
        return Array(subject.utf8).withUnsafeBytes {
            table.insert(SubscriptionID(id), $0, queue: queue)
        }
    }

    @discardableResult
    func remove(_ id: UInt64, _ subject: String, queue: String? = nil) -> Bool {
        let queue = queue.map { Array($0.utf8) }
        return Array(subject.utf8).withUnsafeBytes {
            table.remove(SubscriptionID(id), $0, queue: queue)
        }
    }

    func match(_ subject: String) -> SubjectMatches {
        Array(subject.utf8).withUnsafeBytes { table.match($0) }
    }

    /// The numbers of those without a queue.
    func plain(_ subject: String) -> [UInt64] { match(subject).plain.map(\.rawValue) }

    /// `name: numbers` of each queue.
    func queues(_ subject: String) -> [String] {
        match(subject).queues.map { queue in
            let name = String(decoding: queue.name, as: UTF8.self)
            let members = queue.members.map(\.description).joined(separator: " ")
            return "\(name): \(members)"
        }
    }
}

extension Subject {
    static func isValid(_ subject: String) -> Bool {
        Array(subject.utf8).withUnsafeBytes { isValid($0) }
    }

    static func isLiteral(_ subject: String) -> Bool {
        Array(subject.utf8).withUnsafeBytes { isLiteral($0) }
    }

    static func matches(_ pattern: String, _ subject: String) -> Bool {
        Array(pattern.utf8).withUnsafeBytes { pattern in
            Array(subject.utf8).withUnsafeBytes { matches(pattern, $0) }
        }
    }

    static func overlaps(_ left: String, _ right: String) -> Bool {
        Array(left.utf8).withUnsafeBytes { left in
            Array(right.utf8).withUnsafeBytes { overlaps(left, $0) }
        }
    }
}

extension RandomSource {
    /// A few tokens, mostly valid ones, of a small alphabet, so that they meet.
    mutating func subject() -> String {
        let tokens = ["a", "b", "ab", "*", ">", "a", "b", "*", "a*", "long-token-1", ""]
        let last = Int.random(in: 0..<8, using: &self) == 0 ? tokens.count : tokens.count - 1
        let count = Int.random(in: 1...4, using: &self)
        return (0..<count)
            .map { _ in tokens[Int.random(in: 0..<last, using: &self)] }
            .joined(separator: ".")
    }
}
