/// What a shard counts; plain integers, read by `/metrics`.
struct Counters {
    var turns: UInt64 = 0
    var connectionsOpened: UInt64 = 0
    var connectionsClosed: UInt64 = 0
    var clientBytesReceived: UInt64 = 0
    var clientBytesSent: UInt64 = 0
    var requests: UInt64 = 0
    var badRequests: UInt64 = 0
    var publishes: UInt64 = 0
    var duplicates: UInt64 = 0
    var forwarded: UInt64 = 0
    var refusedWithoutLeader: UInt64 = 0
    var refusedDiskFull: UInt64 = 0
    var unknownOutcomes: UInt64 = 0
    var histories: UInt64 = 0
    var delivered: UInt64 = 0
    var slowReaders: UInt64 = 0
    var readingPauses: UInt64 = 0
    var chunksAppended: UInt64 = 0
    var chunksApplied: UInt64 = 0
    var messagesApplied: UInt64 = 0
    var truncations: UInt64 = 0
    var trims: UInt64 = 0
    var appendsSent: UInt64 = 0
    var framesSent: UInt64 = 0
    var badFrames: UInt64 = 0
    var peerBytesSent: UInt64 = 0
    var beatsReceived: UInt64 = 0
    var lanesOpened: UInt64 = 0
    var roleChanges: UInt64 = 0
    var elections: UInt64 = 0
    var configurationChanges: UInt64 = 0
    var readErrors: UInt64 = 0
    var slowFlushes: UInt64 = 0
    var flushNanoseconds: UInt64 = 0
}
