import WiberBase
import WiberLog
import WiberRaft
import WiberWire

/// A disk without room, from the first job that met it until each such job has run.
struct FullDisk {
    /// The file that could not be made or grow.
    let path: String
    let since: Instant
    /// What waits for room; never empty.
    var waiting: Set<DiskJob>
    /// When to look again for a replica that can take over.
    var nextHandover = Instant.zero

    /// Whether the log can still be written.
    var isOnlyLow: Bool { waiting.isSubset(of: [.reserve, .quota]) }
    /// Whether only the quota is what keeps publishes out.
    var isQuota: Bool { waiting == [.quota] }
}

/// A full disk stores nothing new: publishes are refused, other replicas lead if they can, reading
/// goes on, and so does everything once there is room (rules.md 6).
extension ShardCore {
    /// A job met a full disk; the host runs it again until it succeeds.
    func diskFull(_ job: DiskJob, _ path: String) {
        guard fullDisk == nil else {
            fullDisk?.waiting.insert(job)
            return
        }
        fullDisk = FullDisk(path: path, since: time.now, waiting: [job])
        let text: StaticString =
            switch job {
            case .reserve: "the disk is nearly full: publishes are refused until there is room"
            case .quota: "the disk quota is used up: publishes are refused until there is room"
            case .log, .flush: "the disk is full: publishes are refused until there is room"
            }
        trace(.error, text, [("file", path)])
        nextBeat = time.now  // The others shall not hand leadership over to this node.
        // What was admitted must not wait for the log thread: followers may commit it.
        for slot in groups.indices {
            seal(slot)
            markDirty(slot)
        }
        handOver()
    }

    /// The reserve below which publishes are refused, in bytes.
    var diskReserve: UInt64 {
        configuration.diskReserve ?? min(256 << 20, (diskSpace?.size ?? 0) / 20)
    }

    /// Looks whether enough is free; once it was too little, a quarter more must be.
    func diskSpace(_ free: UInt64, of size: UInt64) {
        diskSpace = (free, size)
        let reserve = diskReserve
        if free < reserve {
            diskFull(.reserve, "the data directory")
        } else if free - reserve >= reserve / 4 {
            diskWorked(.reserve)
        }
    }

    /// A job has run, so that there was room for what it needed.
    func diskWorked(_ job: DiskJob) {
        guard var disk = fullDisk, disk.waiting.remove(job) != nil else { return }
        fullDisk = disk.waiting.isEmpty ? nil : disk
        guard fullDisk == nil else { return }
        let seconds = time.now.since(disk.since).nanoseconds / 1_000_000_000
        trace(.info, "the disk has room again", [("after_seconds", "\(seconds)")])
        nextBeat = time.now
        mustDecideMeta = true
        for slot in groups.indices { markDirty(slot) }
    }

    /// Lets others lead what this node leads; tried again only while some could.
    func handOver() {
        guard let disk = fullDisk, disk.nextHandover <= time.now else { return }
        fullDisk?.nextHandover = time.now + .seconds(2)
        for slot in groups.indices where groups[slot].isLeader && canOthersLead(slot) {
            step(slot, .transfer(to: nil))
        }
    }

    /// Whether a majority is well without this node, whose vote may have to wait for room.
    func canOthersLead(_ slot: Int) -> Bool {
        groups[slot].raft?.configuration.isQuorum { node in
            guard let place = place(of: node) else { return false }
            return peers[place].health == .alive && !liveness.isDiskStalled(node)
        } ?? false
    }

    /// Whether publishes to a group are refused here and now, and not about to be led elsewhere.
    func refusesForFullDisk(_ slot: Int) -> Bool {
        fullDisk != nil && groups[slot].isLeader && groups[slot].raft?.refusal != .transferring
    }

    /// Refuses publishes that cannot be stored.
    func refuseForFullDisk(_ batch: PublishBatch) {
        counters.refusedDiskFull += UInt64(batch.count)
        switch batch.target {
        case .clients(let runs): fail(runs, .diskFull, diskFullText)
        case .peer(let node, let request):
            sendForwardReply(to: node, request, .diskFull, diskFullText, [])
        }
    }

    /// What clients are told.
    var diskFullText: String {
        if let disk = fullDisk, disk.isQuota { return quotaText }
        if let disk = fullDisk, disk.isOnlyLow {
            return "less than \(diskReserve) bytes (disk_reserve) are free on node"
                + " \(configuration.nodeName) and no other node can take over: not stored; free space there,"
                + " publishing then goes on by itself"
        }
        return
            "the disk of node \(configuration.nodeName) is full and no other node can take over: not"
            + " stored; free space there, publishing then goes on by itself"
    }
}
