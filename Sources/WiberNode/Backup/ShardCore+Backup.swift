import WiberBackup
import WiberBase
import WiberMeta
import WiberTopic

/// Backups: a topic as it was when somebody asked, read block by block while publishing goes on.
///
/// The files with its messages stay until the last block, or until nobody has asked for one for long.
extension ShardCore {
    /// The most backups that are read here at a time.
    static let backupsMax = 16
    /// How long a backup waits for whoever reads it.
    private static let backupWait = Instant.Span.seconds(60)

    func beginBackup(_ token: UInt64, _ name: String) {
        guard let id = topic(name, token), let slot = slotOfGroup[id] else { return }
        guard !groups[slot].configuration.isRestoring else {
            return refuse(token, "topic \(name) is being restored; back it up when that is done")
        }
        guard fullDisk == nil else {
            return refuse(
                token,
                "the disk of this node is nearly full, and a backup keeps files on it; ask another node"
            )
        }
        guard backups.count < Self.backupsMax else {
            return refuse(
                token,
                "\(backups.count) backups are being read from this node; try again when one is done"
            )
        }
        guard !groups[slot].relaysReads else {
            return emit(.adminDone(token, elsewhere(slot) ?? .refused(noLeaderText(slot))))
        }
        let session = self.token()
        backups[session] = BackupSession(group: id, waiting: token, lastUse: time.now)
        counters.backups += 1
        requestRead(id, .backup(session))
    }

    /// Names a node that holds the topic, one that can be reached if there is one.
    func elsewhere(_ slot: Int) -> AdminOutcome? {
        let holders = [groups[slot].leader].compactMap { $0 } + groups[slot].members
        let places = holders.compactMap { place(of: $0) }
        guard let place = places.first(where: { peers[$0].openLane != nil }) ?? places.first else {
            return nil
        }
        let address = peers[place].address
        return .elsewhere(host: address.host, httpPort: address.httpPort)
    }

    /// What was committed when the backup was asked for is applied here.
    func startBackup(_ session: UInt64, _ slot: Int) {
        guard let token = backups[session]?.waiting else { return }
        let contents = groups[slot].topic.contents
        var reading = BackupSession.Reading(contents)
        let topic = TopicBlock(
            backup: UniqueID(high: random.next(), low: random.next() | 1),
            takenAt: time.wall,
            firstSequence: contents.firstSequence,
            nextSequence: contents.nextSequence,
            totals: BackupTotals(messages: contents.liveMessages, bytes: contents.liveBytes),
            configuration: groups[slot].configuration
        )
        let block = reading.writer.block(.topic, topic.payload)
        backups[session]?.reading = reading
        backups[session]?.waiting = nil
        backups[session]?.lastUse = time.now
        emit(.adminDone(token, .block(session: session, block, isLast: false)))
    }

    func readBackup(_ token: UInt64, _ session: UInt64) {
        guard let backup = backups[session], backup.waiting == nil else {
            return refuse(token, "this backup has ended; begin another one")
        }
        backups[session]?.waiting = token
        backups[session]?.lastUse = time.now
        continueBackup(session)
    }

    /// Goes on with a backup; `chunks` were read for it from disk.
    func continueBackup(_ session: UInt64, _ chunks: [Chunk]? = nil) {
        guard let group = backups[session]?.group, var reading = backups[session]?.reading else {
            return
        }
        guard let slot = slotOfGroup[group] else {
            return failBackup(session, "the topic was deleted meanwhile")
        }
        // The only owner changes it in place.
        backups[session]?.reading = nil
        if let chunks {
            let before = reading.next
            reading.isReading = false
            for chunk in chunks { reading.add(chunk) }
            guard reading.next > before else { return failBackup(session, Self.backupGap) }
        }
        while !reading.messages.isFull, !reading.isReading {
            reading.next = reading.contents.firstKept(from: reading.next)
            guard reading.next < reading.contents.nextSequence else { break }
            let before = reading.next
            switch place(of: before, slot) {
            case .chunk(let chunk):
                reading.add(chunk)
                guard reading.next > before else {
                    return deliver(session, reading)
                }
            case .plan(let plan):
                reading.isReading = true
                startRead(plan, for: .backup(session))
            case .gap, .end: return failBackup(session, Self.backupGap)
            }
        }
        guard reading.isReading else { return deliver(session, reading) }
        backups[session]?.reading = reading
    }

    /// Gives whoever waits the next block.
    private func deliver(_ session: UInt64, _ before: BackupSession.Reading) {
        var reading = before
        guard let token = backups[session]?.waiting else { return }
        let isLast = reading.messages.count == 0
        if isLast, reading.totals.messages != reading.contents.liveMessages {
            return failBackup(session, Self.backupGap)
        }
        let block = isLast ? reading.endBlock() : reading.messageBlock()
        backups[session]?.waiting = nil
        backups[session]?.reading = reading
        if isLast { endBackup(session) }
        emit(.adminDone(token, .block(session: session, block, isLast: isLast)))
    }

    private static let backupGap =
        "messages that the topic had when the backup began cannot be read here any more; take the"
        + " backup again, from another node if this one is damaged"

    /// Ends a backup; what it kept may go.
    func endBackup(_ session: UInt64) {
        guard let backup = backups.removeValue(forKey: session) else { return }
        if let slot = slotOfGroup[backup.group] { trimFiles(slot) }
    }

    func failBackup(_ session: UInt64, _ text: String) {
        let token = backups[session]?.waiting
        endBackup(session)
        if let token { refuse(token, text) }
    }

    /// The first message that a backup of a topic may still read.
    func firstBackedUp(_ group: GroupID) -> Sequence {
        backups.values.filter { $0.group == group }
            .map { $0.reading?.contents.firstSequence ?? .zero }.min() ?? Sequence(.max)
    }

    /// Ends backups that nobody reads; all of them when the disk needs the room.
    func sweepBackups() {
        for session in backups.keys.sorted() {
            if fullDisk != nil {
                failBackup(session, "the disk is nearly full; take the backup from another node")
            } else if let backup = backups[session],
                time.now.since(backup.lastUse) > Self.backupWait
            {
                failBackup(session, "nobody has read the backup for a minute; take it again")
            }
        }
    }
}
