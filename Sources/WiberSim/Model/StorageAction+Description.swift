extension StorageWorld {
    func describe(_ action: StorageAction) -> String {
        switch action {
        case .campaign(let place): "\(place + 1) stands for election"
        case .vote(let place, let other): "\(place + 1) votes for \(other + 1)"
        case .syncSlot(let place): "\(place + 1) has synced a slot of its hard state"
        case .propose(let place): "\(place + 1) takes an entry"
        case .replicate(let place, let other): "\(place + 1) sends to \(other + 1) what it lacks"
        case .syncLog(let place): "\(place + 1) has synced its log"
        case .repair(let place, let other): "\(place + 1) repairs its holes from \(other + 1)"
        case .clear(let place): "\(place + 1) is suspect no more"
        case .start(let place): "\(place + 1) starts"
        case .finishStart(let place): "\(place + 1) has started"
        case .crash(let place): "\(place + 1) crashes"
        case .cutPower(let place, let fates):
            "the power of \(place + 1) fails" + fates.map { ", unsynced is \($0)" }.joined()
        case .failLog(let place): "the fsync of the log of \(place + 1) fails"
        case .failSlots(let place): "the fsync of the hard state of \(place + 1) fails"
        case .rot(let place, let batch, let record):
            "batch \(batch + 1) on \(place + 1) rots, "
                + (record.map { "record \($0 + 1)" } ?? "its table")
        case .rotSlot(let place, let slot):
            "slot \(slot + 1) of the hard state of \(place + 1) rots"
        }
    }
}
