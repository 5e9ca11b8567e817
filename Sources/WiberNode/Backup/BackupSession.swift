import WiberBackup
import WiberBase
import WiberTopic

/// A backup of a topic that somebody reads block by block.
struct BackupSession {
    let group: GroupID
    /// Who waits for the next block, by the number of the command.
    var waiting: UInt64?
    var lastUse: Instant
    /// `nil` until it is known what was committed when the backup began.
    var reading: Reading?

    /// What a backup has come to.
    struct Reading {
        let contents: TopicContents
        var next: Sequence
        var writer = BlockWriter()
        var messages = MessageBlockBuilder()
        var last = Sequence.zero
        var totals = BackupTotals()
        /// Whether a read from disk is under way.
        var isReading = false

        init(_ contents: TopicContents) {
            self.contents = contents
            next = contents.firstSequence
        }

        /// Adds the messages of a chunk that come next, as far as they fit.
        mutating func add(_ chunk: Chunk) {
            guard chunk.header.nextSequence > next else { return }
            var isFull = false
            chunk.forEachMessage { message in
                guard message.sequence >= next, contents.has(message.sequence) else { return true }
                guard messages.append(message.sequence, message.time, message.body) else {
                    isFull = true
                    return false
                }
                last = message.sequence
                next = message.sequence.next
                totals.messages += 1
                totals.bytes += UInt64(message.length)
                return true
            }
            if !isFull { next = max(next, chunk.header.nextSequence) }
        }

        /// A block with the messages so far.
        mutating func messageBlock() -> [UInt8] { writer.block(.messages, messages.finish()) }

        /// The topic's last block.
        mutating func endBlock() -> [UInt8] {
            let end = EndBlock(last: last, nextSequence: contents.nextSequence, totals: totals)
            return writer.block(.end, end.payload)
        }
    }
}
