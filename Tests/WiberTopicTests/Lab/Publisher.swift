import WiberBase
import WiberTopic

extension TopicState {
    /// Admits a message as the driver does.
    mutating func publish(
        _ text: String,
        id: String? = nil,
        subject: String? = nil,
        life: UInt64? = nil,
        _ conditions: PublishConditions = PublishConditions(),
        wall: UInt64
    ) -> Admission {
        let (text, id, subject) = (Array(text.utf8), id.map { Array($0.utf8) }, subject?.utf8)
        return text.withUnsafeBytes { payload in
            (id ?? []).withUnsafeBytes { idBytes in
                Array(subject ?? "".utf8).withUnsafeBytes { subjectBytes in
                    var body = MessageBody(payload: payload)
                    if id != nil { body.id = idBytes }
                    if subject != nil { body.subject = subjectBytes }
                    body.timeToLive = life
                    return admit(
                        body,
                        digest: digest(of: body, digester),
                        wall: Timestamp(wall),
                        conditions: conditions
                    )
                }
            }
        }
    }

    /// Seals at the end of the log and appends; returns the chunk.
    mutating func sealed(at index: UInt64, term: UInt64 = 1, expiry: UInt64 = 0) -> Chunk {
        let entry = EntryID(index: LogIndex(index), term: Term(term))
        let chunk = seal(group: GroupID(7), entry: entry, expiry: Timestamp(expiry))
        appended(chunk, digester: digester)
        return chunk
    }

    /// Appends and applies, as a follower that is told both at once.
    mutating func follow(_ chunk: Chunk) {
        appended(chunk, digester: digester)
        applied(chunk)
    }
}

/// A topic's configuration with what a test cares about.
func configuration(
    _ retention: TopicConfiguration.Retention = .init(),
    dedup: TopicConfiguration.DedupKey = .id,
    window: UInt64 = 100
) -> TopicConfiguration {
    var configuration = TopicConfiguration(name: "t", replicas: 3)
    configuration.retention = retention
    configuration.dedupKey = dedup
    configuration.dedupWindow = window
    return configuration
}
