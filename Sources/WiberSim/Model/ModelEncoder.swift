import WiberRaft

/// Writes small numbers down, so that equal states have equal bytes.
struct ModelEncoder {
    private var encoder = StateEncoder()

    var hash: StateHash { StateHash(encoder.bytes) }

    mutating func number(_ number: Int) { encoder.count(number) }

    mutating func flag(_ flag: Bool) { encoder.flag(flag) }

    mutating func numbers(_ numbers: [Int]) {
        encoder.count(numbers.count)
        for number in numbers { encoder.count(number) }
    }

    mutating func vote(_ vote: ModelVote?) {
        guard let vote else { return encoder.count(0) }
        encoder.count(vote.term + 1)
        encoder.count(vote.candidate)
    }

    mutating func log(_ log: [ModelRecovery.Entry]) {
        encoder.count(log.count)
        for entry in log { encoder.count(entry.term * 2 + (entry.isHole ? 1 : 0)) }
    }

    mutating func batch(_ batch: ModelBatch) {
        let place =
            switch batch.place {
            case .cache: 0
            case .cleanCache: 1
            case .disk: 2
            case .synced: 3
            }
        let damage =
            switch batch.damage {
            case nil: 0
            case .torn: 1
            case .table: 2
            }
        encoder.count(place * 4 + damage)
        encoder.flag(batch.isWholeTail)
        encoder.flag(batch.isSealed)
        encoder.flag(batch.isRotten)
        encoder.count(batch.records.count)
        for record in batch.records {
            encoder.count(record.index)
            encoder.count(record.term * 2 + (record.isReadable ? 1 : 0))
        }
    }

    mutating func disk(_ disk: ModelDisk) {
        encoder.count(disk.wal.count)
        for batch in disk.wal { self.batch(batch) }
        encoder.count(disk.recycled.count)
        for batch in disk.recycled { self.batch(batch) }
        for slot in disk.slots {
            vote(slot.disk)
            vote(slot.cache)
            encoder.flag(slot.isClean)
        }
        encoder.flag(disk.isSuspect)
        encoder.flag(disk.isBootNew)
    }

    mutating func replica(_ replica: ModelReplica) {
        switch replica.role {
        case .down: number(0)
        case .starting: number(1)
        case .refused: number(2)
        case .follower: number(3)
        case .candidate(let votes): numbers([votes])
        case .leader(let match, let barrier): numbers(match + barrier)
        }
        disk(replica.disk)
        vote(replica.vote)
        log(replica.log)
        numbers([replica.durable, replica.waiting, replica.slotsToSync, replica.slot])
        flag(replica.isSuspect)
    }
}
