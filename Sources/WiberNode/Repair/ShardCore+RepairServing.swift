import WiberBase
import WiberLog
import WiberWire

/// Entries for replicas whose disk lost them: only what is committed and verified here.
extension ShardCore {
    /// The most bytes of entries in one answer, unless one is larger.
    private static let answerBudget = 1 << 20
    /// With more than this on its way to a node, it gets no answer and asks another.
    private static let outBytesMax = 4 << 20

    func receiveRepairRequest(_ request: RepairRequest, from node: NodeID) {
        guard let place = place(of: node), peers[place].isWritable,
            peers[place].out.count <= Self.outBytesMax
        else { return }
        var request = request
        if !store.isImpaired(request.group), let start = store.firstIndex(request.group),
            request.first < start
        {
            // What is asked for has left the log; its first entry says so, and a snapshot helps.
            if let slot = slotOfGroup[request.group] { sendSnapshot(slot, to: node) }
            request.first = start
            request.last = start
        }
        let last = min(request.last, store.commitIndex(request.group))
        guard request.first > .zero, request.first <= last else {
            return sendRepair([], for: request, to: node)
        }
        if store.chunk(request.group, at: request.first) != nil {
            return sendRepair(chunksInMemory(request, through: last), for: request, to: node)
        }
        let budget = min(Int(request.byteBudget), Self.answerBudget)
        guard repairsServing < limits.repairReads,
            let plan = store.plan(request.group, from: request.first, byteBudget: budget)
        else { return sendRepair([], for: request, to: node) }
        repairsServing += 1
        startRead(plan, for: .repair(node, request))
    }

    private func chunksInMemory(_ request: RepairRequest, through last: LogIndex) -> [Chunk] {
        let budget = min(Int(request.byteBudget), Self.answerBudget)
        var chunks: [Chunk] = []
        var bytes = 0
        var index = request.first
        while index <= last, let chunk = store.chunk(request.group, at: index),
            chunks.isEmpty || bytes + chunk.bytes.count <= budget
        {
            chunks.append(chunk)
            bytes += chunk.bytes.count
            index = index.next
        }
        return chunks
    }

    /// What was read for another node; nothing if it could not be read here either.
    func finishRepairRead(_ request: RepairRequest, _ chunks: [Chunk], for node: NodeID) {
        repairsServing -= 1
        let last = min(request.last, store.commitIndex(request.group))
        let wanted = chunks.filter { chunk in
            chunk.header.index >= request.first && chunk.header.index <= last
        }
        sendRepair(wanted, for: request, to: node)
    }

    private func sendRepair(_ chunks: [Chunk], for request: RepairRequest, to node: NodeID) {
        sendRepair(chunks, request.request, request.group, to: node)
    }

    private func sendRepair(
        _ chunks: [Chunk],
        _ request: UInt64,
        _ group: GroupID,
        to node: NodeID
    ) {
        guard let place = place(of: node) else { return }
        if !chunks.isEmpty { counters.repairsServed += 1 }
        let bytes = chunks.reduce(into: [UInt8]()) { $0 += $1.bytes }
        let reply = RepairReply(request: request, group: group, chunks: bytes)
        sendFrame(.repairReply(reply), to: place)
    }

    /// Entries by name, committed or not: what another node's log has lost is put back as it was.
    func receiveLostEntriesRequest(_ request: LostEntriesRequest, from node: NodeID) {
        guard let place = place(of: node), peers[place].isWritable,
            peers[place].out.count <= Self.outBytesMax
        else { return }
        var chunks: [Chunk] = []
        var bytes = 0
        for entry in request.entries {
            let name = LostEntry(index: entry.index, term: entry.term, checksum: entry.checksum)
            guard let chunk = store.entry(request.group, name) else { continue }
            guard chunks.isEmpty || bytes + chunk.bytes.count <= Self.answerBudget else { break }
            chunks.append(chunk)
            bytes += chunk.bytes.count
        }
        sendRepair(chunks, request.request, request.group, to: node)
    }
}
