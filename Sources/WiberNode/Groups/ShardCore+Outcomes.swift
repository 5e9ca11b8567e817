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
        case conflict(with: Sequence)
        /// Not stored, whatever the log says.
        case refused(PublishOutcome)
    }

    /// Decides about a publish, as the leader.
    func decide(_ slot: Int, _ body: MessageBody, length: Int) -> Decision {
        guard !groups[slot].configuration.isRestoring else { return .refused(.restoring) }
        var conditions = PublishConditions()
        if let headers = body.headers {
            if let topic = NATSHeaders.value(of: "Nats-Expected-Stream", in: headers),
                !topic.elementsEqual(groups[slot].nameBytes)
            {
                return .refused(.wrongTopic)
            }
            guard let found = PublishConditions(headers) else { return .refused(.rollupRefused) }
            guard found.rollup == nil || groups[slot].configuration.allowsRollup else {
                return .refused(.rollupRefused)
            }
            conditions = found
        }
        let digest = groups[slot].topic.digest(of: body, digester)
        sealIfFull(slot, adding: length)
        let admission = groups[slot].topic.admit(
            body,
            digest: digest,
            wall: logTime(slot),
            conditions: conditions
        )
        switch admission {
        case .accepted(let sequence, _): return .accepted(sequence)
        case .duplicate(let first, let index): return .duplicate(of: first, at: index)
        case .conflict(let last): return .conflict(with: last)
        case .refused(let reason):
            if [.quotaOfBytes, .quotaOfMessages].contains(reason) { counters.refusedQuota += 1 }
            return .refused(reason.outcome)
        }
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
        case .subjectsFull:
            let text =
                "the memory for subjects is full: not stored; use subjects that there are, or purge some"
            return .failed(.limit, text, count: count)
        case .subjectsUnknown:
            let text =
                "the subjects of topic \(name) are being read from disk: not stored; try again soon"
            return .failed(.overloaded, text, count: count)
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

extension AdmissionRefusal {
    var outcome: PublishOutcome {
        switch self {
        case .dedupMemoryFull: .dedupFull
        case .subjectMemoryFull: .subjectsFull
        case .subjectsUnknown: .subjectsUnknown
        case .quotaOfMessages: .quotaOfMessages
        case .quotaOfBytes: .quotaOfBytes
        case .tooLarge, .fieldTooLong: .tooLarge
        }
    }
}

extension PublishConditions {
    /// What the headers of a NATS client say; `nil` for a rollup that there is not.
    ///
    /// A number that is none expects what cannot be.
    init?(_ headers: UnsafeRawBufferPointer) {
        self.init()
        lastSequence = Self.number(
            NATSHeaders.value(of: "Nats-Expected-Last-Sequence", in: headers)
        )
        lastSubjectSequence = Self.number(
            NATSHeaders.value(of: "Nats-Expected-Last-Subject-Sequence", in: headers)
        )
        guard let rollup = NATSHeaders.value(of: "Nats-Rollup", in: headers) else { return }
        switch String(decoding: rollup, as: UTF8.self) {
        case "sub": self.rollup = .subject
        case "all": self.rollup = .all
        default: return nil
        }
    }

    private static func number(_ value: UnsafeRawBufferPointer?) -> UInt64? {
        value.map { UInt64(String(decoding: $0, as: UTF8.self)) ?? .max }
    }
}
