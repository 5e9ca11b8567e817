import WiberBase
import WiberTopic
import WiberWire

/// Single messages by sequence or by subject, confirmed by the leader and served from this node's own
/// log (rule 19).
///
/// Each is answered exactly once: by what is found, or by the sweep after ``messageWait``.
extension ShardCore {
    /// The most messages that are being looked for here at a time.
    static let messageReadsMax = 64
    /// How long it may take to find one: a leader, the topic's subjects, the disk and its repair.
    private static let messageWait = Instant.Span.seconds(10)

    func beginMessageRead(_ token: UInt64, _ name: String, _ query: MessageQuery) {
        guard let slot = slotOfName[Array(name.utf8)] else {
            let none = AdminOutcome.missing(
                "there is no topic of this name; `wiber topics` lists them"
            )
            return emit(.adminDone(token, isMetaCurrent ? none : .late(Self.topicsUnknown)))
        }
        if let text = query.refusal { return refuse(token, text) }
        guard messageReads.count < Self.messageReadsMax else {
            let text =
                "\(messageReads.count) messages are being looked for at this node; try again in a moment,"
                + " or ask another one"
            return emit(.adminDone(token, .busy(text)))
        }
        guard !groups[slot].relaysReads else {
            return emit(.adminDone(token, elsewhere(slot) ?? .late(unreadableText(slot))))
        }
        let id = self.token()
        messageReads[id] = MessageRead(
            command: token,
            group: groups[slot].id,
            query: query,
            deadline: time.now + Self.messageWait
        )
        counters.messageReads += 1
        requestRead(groups[slot].id, .message(id))
    }

    /// What was committed when the message was asked for is applied here.
    func startMessageRead(_ id: UInt64, _ index: LogIndex) {
        messageReads[id]?.index = index
        continueMessageRead(id)
        // What the index lacks is read at once.
        if messageReads[id]?.query.subject != nil { nextSweep = time.now }
    }

    /// Looks for the message, unless something is still missing for that.
    private func continueMessageRead(_ id: UInt64) {
        guard let read = messageReads[id], read.reading == nil, let slot = slot(for: read) else {
            return
        }
        switch find(read.query, slot) {
        case .notYet: break
        case .nothing(let outcome): endMessageRead(id, outcome)
        case .at(let sequence):
            switch place(of: sequence, slot) {
            case .chunk(let chunk): deliver(id, sequence, [chunk], slot)
            case .plan(let plan):
                messageReads[id]?.reading = sequence
                startRead(plan, for: .message(id))
            case .gap, .end: endMessageRead(id, .late(Self.messageUnread))
            }
        }
    }

    /// The message was read from disk; it may have gone meanwhile, or there may be a newer one.
    func finishMessageRead(_ id: UInt64, _ chunks: [Chunk]) {
        guard let read = messageReads[id], let sequence = read.reading else { return }
        messageReads[id]?.reading = nil
        guard let slot = slot(for: read), case .at(sequence) = find(read.query, slot) else {
            return continueMessageRead(id)
        }
        deliver(id, sequence, chunks, slot)
    }

    /// The disk could not be read.
    func messageReadFailed(_ id: UInt64) { finishMessageRead(id, []) }

    private func deliver(_ id: UInt64, _ sequence: Sequence, _ chunks: [Chunk], _ slot: Int) {
        let own = groups[slot].configuration.ownSubject ?? groups[slot].configuration.name
        var json: [UInt8]?
        for chunk in chunks {
            chunk.forEachMessage { message in
                guard message.sequence == sequence else { return true }
                var writer = JSONWriter()
                writer.object(message, subject: own)
                json = writer.bytes
                return false
            }
        }
        endMessageRead(id, json.map { .message($0) } ?? .late(Self.messageUnread))
    }

    // MARK: Ends

    func endMessageRead(_ id: UInt64, _ outcome: AdminOutcome) {
        guard let read = messageReads.removeValue(forKey: id) else { return }
        emit(.adminDone(read.command, outcome))
    }

    /// The topic's place has no leader that confirms the read.
    func expireMessageRead(_ id: UInt64, _ slot: Int) {
        endMessageRead(id, .late(unreadableText(slot)))
    }

    /// Ends what is asked of a topic that is here no more.
    func endMessageReads(of group: GroupID, _ outcome: AdminOutcome) {
        for id in messageReads.keys.sorted() where messageReads[id]?.group == group {
            endMessageRead(id, outcome)
        }
    }

    /// Goes on with what waits for the topic's subjects, and ends what takes too long.
    func sweepMessageReads() {
        for id in messageReads.keys.sorted() {
            continueMessageRead(id)
            guard let read = messageReads[id], read.deadline <= time.now else { continue }
            endMessageRead(id, .late(lateText(read)))
        }
    }

    private func lateText(_ read: MessageRead) -> String {
        if read.reading != nil { return Self.messageUnread }
        guard let slot = slot(for: read) else {
            return
                "this node's copy of the topic is behind or being repaired; ask another node meanwhile"
        }
        return
            "the subjects of topic \(groups[slot].configuration.name) are still being read from disk; try"
            + " again in a moment"
    }

    /// This node holds the topic no more.
    func handMessageReadsOver(_ slot: Int) {
        let outcome = elsewhere(slot) ?? .late(unreadableText(slot))
        endMessageReads(of: groups[slot].id, outcome)
    }

    private func unreadableText(_ slot: Int) -> String {
        leaderlessText(slot) + "; try again when more of its nodes are up"
    }

    private static let messageUnread =
        "this node could not read the message from its disk, or could not repair it in time; run `wiber data"
        + " check` on it, and ask another node meanwhile"
}
