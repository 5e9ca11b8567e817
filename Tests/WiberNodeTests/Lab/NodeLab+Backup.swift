import Testing
import WiberBackup
import WiberBase
import WiberTopic

@testable import WiberNode

/// Backups and restores in the lab, as the command line does them.
extension NodeLab {
    /// Begins a backup; returns its number and its first block.
    func beginBackup(_ topic: String, at place: Int) -> (session: UInt64, block: [UInt8])? {
        guard
            case .block(let session, let block, _)? = administer(
                at: place,
                .beginBackup(topic: topic)
            )
        else { return nil }
        return (session, block)
    }

    /// The blocks of a backup that was begun.
    func readBackup(_ session: UInt64, at place: Int) -> [[UInt8]] {
        var blocks: [[UInt8]] = []
        while case .block(_, let block, let isLast)? = administer(at: place, .readBackup(session)) {
            blocks.append(block)
            if isLast { break }
        }
        return blocks
    }

    /// All blocks of a topic, which were checked.
    func backUp(_ topic: String, at place: Int) -> [[UInt8]] {
        guard let (session, first) = beginBackup(topic, at: place) else { return [] }
        let blocks = [first] + readBackup(session, at: place)
        #expect(throws: Never.self) { try Self.check(blocks) }
        return blocks
    }

    /// Checks that blocks are a whole topic.
    static func check(_ blocks: [[UInt8]]) throws {
        var check = BackupCheck()
        for block in blocks { _ = try check.take(try Block.decode(block[...])) }
        guard check.topics.count == 1 else { throw BackupError.incomplete }
    }

    /// What the backup says the topic was.
    static func topic(_ blocks: [[UInt8]]) throws -> TopicBlock {
        try TopicBlock(try Block.decode((blocks.first ?? [])[...]))
    }

    /// Begins to restore a topic, under another name.
    @discardableResult
    func beginRestore(_ blocks: [[UInt8]], as name: String, at place: Int) throws -> AdminOutcome? {
        var topic = try Self.topic(blocks).restored(as: name)
        topic.subjects = []
        return administer(at: place, .createTopic(topic))
    }

    /// Gives a block to a topic, again and again until it is there.
    @discardableResult
    func give(_ block: [UInt8], to name: String, at place: Int) -> AdminOutcome? {
        var outcome: AdminOutcome?
        for _ in 0..<100 {
            outcome = administer(at: place, .importBlock(topic: name, block))
            guard case .late? = outcome else { return outcome }
            run(for: .milliseconds(100))
        }
        return outcome
    }

    /// Restores a topic under another name.
    func restore(_ blocks: [[UInt8]], as name: String, at place: Int) throws {
        #expect(try beginRestore(blocks, as: name, at: place) == .done)
        for block in blocks.dropFirst() { #expect(give(block, to: name, at: place) == .done) }
        #expect(administer(at: place, .finishRestore(topic: name)) == .done)
    }

    /// Messages of a HISTORY without the topic's name.
    func messages(of topic: String, at place: Int, from: UInt64 = 1) -> String {
        let reply = ask(node: place, "HISTORY \(topic) \(from) 1000").joined()
        return String(reply.drop { $0 != "[" })
    }

    /// The statistics that a restore keeps.
    func figures(of topic: String, at place: Int) -> [String] {
        let json = String(decoding: machines[place].core?.topicJSON(topic) ?? [], as: UTF8.self)
        let keys = [
            "first_sequence", "last_sequence", "messages", "bytes", "removed", "last_time",
            "retention", "dedup",
        ]
        return keys.map { key in
            let parts = json.split(separator: "\"\(key)\":", maxSplits: 1)
            let value = parts.count == 2 ? parts[1] : ""
            return key + " " + value.prefix { $0 != "," && $0 != "}" }
        }
    }
}
