/// How far a backup or a restore of a topic is.
public struct BackupProgress: Sendable {
    /// The topic, as the backup calls it.
    public var topic: String
    /// The messages so far, and all of them.
    public var messages: (done: UInt64, all: UInt64) = (0, 0)
    /// The bytes of their bodies so far, and all of them.
    public var bytes: (done: UInt64, all: UInt64) = (0, 0)

    /// A topic before its first block.
    public init(topic: String) { self.topic = topic }

    /// How much is done, in percent.
    public var percentage: Int {
        guard bytes.all > 0 else { return 100 }
        return Int(Double(bytes.done) / Double(bytes.all) * 100)
    }
}

/// Gets to know how far it is, each time that something has happened.
public typealias BackupObserver = (BackupProgress) -> Void
