import WiberBase
import WiberTopic
import WiberWire

/// What a publish depends on, and what its publisher hears.
extension ShardCore {
    /// What the leader decides about a publish.
    enum Decision {
        /// It is in the open chunk.
        case accepted(Sequence)
        /// It was stored before, in that entry.
        case duplicate(of: Sequence, at: LogIndex)
        /// Not stored, if what the log and the open chunk say is committed.
        case conflict(with: Sequence, PublishOutcome)
        /// Not stored, whatever the log says.
        case refused(PublishOutcome)
    }

    /// Decides about a publish, as the leader.
    func decide(_ slot: Int, _ publish: MessageBody, length: Int) -> Decision {
        guard !groups[slot].configuration.isRestoring else { return .refused(.restoring) }
        var body = publish
        let conditions: PublishConditions
        do throws(PublishHeaders.Refusal) {
            let headers = try headers(of: body, slot)
            conditions = headers.conditions
            body.timeToLive = try headers.life(in: groups[slot].configuration)
        } catch {
            return .refused(error.outcome)
        }
        let digest = groups[slot].topic.digest(of: body, digester)
        sealIfFull(slot, adding: length + MessageBody.timeToLiveSize)
        if conditions.lastID != nil, !groups[slot].topic.knowsLastID { findLastID(slot) }
        let admission = groups[slot].topic.admit(
            body,
            digest: digest,
            wall: logTime(slot),
            conditions: conditions
        )
        switch admission {
        case .accepted(let sequence, _): return .accepted(sequence)
        case .duplicate(let first, let index): return .duplicate(of: first, at: index)
        case .conflict(let last): return .conflict(with: last, .conflict)
        case .otherID(let last): return .conflict(with: last, .idConflict)
        case .refused(let reason):
            if [.quotaOfBytes, .quotaOfMessages].contains(reason) { counters.refusedQuota += 1 }
            return .refused(reason.outcome)
        }
    }

    /// What a publish's headers ask for, as far as the topic allows it.
    private func headers(
        of body: MessageBody,
        _ slot: Int
    ) throws(PublishHeaders.Refusal) -> PublishHeaders {
        guard let headers = body.headers else { return PublishHeaders() }
        if let topic = NATSHeaders.value(of: "Nats-Expected-Stream", in: headers),
            !topic.elementsEqual(groups[slot].nameBytes)
        {
            throw PublishHeaders.Refusal(.wrongTopic)
        }
        let found = try PublishHeaders(headers)
        guard found.conditions.rollup == nil || groups[slot].configuration.allowsRollup else {
            throw PublishHeaders.Refusal(.rollupRefused)
        }
        return found
    }

    /// What a publisher hears of an outcome.
    func reply(_ outcome: BatchState.Outcome, _ count: UInt32, _ slot: Int) -> PublishReply {
        let name = groups[slot].configuration.name
        switch outcome.kind {
        case .stored: return .stored(first: outcome.first, count: count)
        case .duplicate: return .duplicate(first: outcome.first, count: count)
        case .dedupFull:
            let text =
                "the memory for message ids is full: not stored; publish without an id, "
                + "or wait for the dedup window to pass"
            return .failed(.dedupFull, text, count: count)
        case .tooLarge:
            let text =
                "the message, its subject or its id is too long: not stored; use shorter ones"
            return .failed(.tooLong, text, count: count)
        case .conflict:
            // The words are those that NATS clients know.
            let text = "wrong last sequence: \(outcome.first)"
            return .failed(.conflict, text, count: count)
        case .idConflict:
            let text = "wrong last msg ID: message \(outcome.first) is the last one"
            return .failed(.idConflict, text, count: count)
        case .subjectsFull:
            let text =
                "the memory for subjects is full: not stored; use subjects that there are, or purge some"
            return .failed(.limit, text, count: count)
        case .subjectsUnknown:
            let text =
                "the subjects of topic \(name) are being read from disk: not stored; try again soon"
            return .failed(.overloaded, text, count: count)
        case .lastIDUnknown:
            let text =
                "the last message of topic \(name) is being read from disk: not stored; try again soon"
            return .failed(.overloaded, text, count: count)
        case .subjectInvalid:
            let text =
                "Nats-Expected-Last-Subject-Sequence-Subject goes with Nats-Expected-Last-Subject-Sequence, and"
                + " is one subject without wildcards: not stored"
            return .failed(.badArguments, text, count: count)
        case .timeToLiveRefused: return .failed(.timeToLive, noLifeText(name), count: count)
        case .timeToLiveInvalid: return .failed(.timeToLiveInvalid, Self.badLifeText, count: count)
        case .timesToLiveFull: return .failed(.limit, Self.livesFullText, count: count)
        case .kept: return .failed(.kept, keptText(groups[slot].configuration), count: count)
        case .rollupRefused:
            let text =
                "topic \(name) takes no Nats-Rollup but sub and all, and only if it allows them: not"
                + " stored; `wiber topic update \(name) --rollup` allows them"
            return .failed(.rollup, text, count: count)
        case .wrongTopic:
            let text = "the subject belongs to topic \(name), another one is expected: not stored"
            return .failed(.wrongTopic, text, count: count)
        case .restoring:
            let text =
                "topic \(name) is being restored from a backup: not stored; publish when `wiber restore` is"
                + " done, and give it again if it was interrupted"
            return .failed(.restoring, text, count: count)
        case .quotaOfMessages, .quotaOfBytes:
            return .failed(.quota, quotaText(outcome.kind, slot), count: count)
        }
    }

    /// Why a topic takes no more; it begins with the words that NATS clients know.
    private func quotaText(_ kind: PublishOutcome, _ slot: Int) -> String {
        let (name, quota) = (groups[slot].configuration.name, groups[slot].configuration.quota)
        let (what, most) =
            kind == .quotaOfMessages ? ("messages", quota.messages) : ("bytes", quota.bytes)
        let limit = most.map { "at most \($0) \(what)" } ?? "no more \(what)"
        return
            "maximum \(what) exceeded: topic \(name) may hold \(limit) (quota): not stored; purge some,"
            + " or raise it with `wiber topic update \(name) --quota-\(what)`"
    }
}

/// What publishers hear about how long messages stay.
extension ShardCore {
    private static let badLifeText =
        "a Nats-TTL is whole seconds, a duration such as 1h30m, or never, and a second at least: not stored"

    private static let livesFullText =
        "the memory for times to live is full: not stored; publish without Nats-TTL, or when messages have gone"

    private func noLifeText(_ topic: String) -> String {
        "topic \(topic) takes no Nats-TTL: not stored; `wiber topic update \(topic) --message-ttl` allows it"
    }

    private func keptText(_ topic: TopicConfiguration) -> String {
        "topic \(topic.name) keeps its messages from \(topic.keepFrom ?? 0) on: nothing is rolled up, and this"
            + " not stored; `wiber topic update \(topic.name) --keep-from none` lets them go"
    }
}

extension AdmissionRefusal {
    var outcome: PublishOutcome {
        switch self {
        case .dedupMemoryFull: .dedupFull
        case .subjectMemoryFull: .subjectsFull
        case .subjectsUnknown: .subjectsUnknown
        case .deadlineMemoryFull: .timesToLiveFull
        case .lastIDUnknown: .lastIDUnknown
        case .kept: .kept
        case .quotaOfMessages: .quotaOfMessages
        case .quotaOfBytes: .quotaOfBytes
        case .tooLarge, .fieldTooLong: .tooLarge
        }
    }
}
