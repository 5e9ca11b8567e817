import WiberBase
import WiberRaft
import WiberWire

/// Commands of people who run the cluster, at any node.
extension ShardCore {
    /// The most commands that are under way here.
    static let adminTasksMax = 64
    /// How long a transfer may take.
    private static let transferWait = Instant.Span.seconds(3)
    /// The time between two requests for the same transfer: a leader gives one up after 800 ms.
    private static let transferRetry = Instant.Span.seconds(1)

    func administer(_ token: UInt64, _ command: AdminCommand) {
        counters.adminCommands += 1
        switch command {
        case .transfer(let topic, let node): transfer(token, topic, to: node)
        }
    }

    private func transfer(_ token: UInt64, _ topic: String, to node: String) {
        guard let slot = slotOfName[Array(topic.utf8)] else {
            return refuse(token, "there is no topic of this name; `wiber topics` lists them")
        }
        guard let peer = peers.first(where: { $0.address.name == node }) else {
            let names = peers.map(\.address.name).joined(separator: ", ")
            return refuse(token, "there is no node of this name; the nodes are \(names)")
        }
        guard groups[slot].replicas.contains(peer.id) else {
            let names = groups[slot].replicas.map { name(of: $0) }.joined(separator: ", ")
            return refuse(token, "\(node) has no replica of the topic; \(names) have one")
        }
        guard adminTasks.count < Self.adminTasksMax else {
            return refuse(token, "too many commands are under way; try again in a moment")
        }
        adminTasks[token] = AdminTask(
            group: groups[slot].id,
            target: peer.id,
            deadline: time.now + Self.transferWait,
            nextAsk: time.now
        )
        advance(token)
    }

    private func refuse(_ token: UInt64, _ text: String) {
        emit(.adminDone(token, .refused(text)))
    }

    /// Goes on with what is under way.
    func sweepAdmin() {
        for token in adminTasks.keys.sorted() { advance(token) }
    }

    private func advance(_ token: UInt64) {
        guard let task = adminTasks[token], let slot = slotOfGroup[task.group] else { return }
        let leader = groups[slot].leader
        if leader == task.target {
            adminTasks[token] = nil
            return emit(.adminDone(token, .done))
        }
        guard time.now < task.deadline else {
            adminTasks[token] = nil
            let who = leader.map { "\(name(of: $0)) leads" } ?? "no leader is known"
            let text =
                "\(name(of: task.target)) did not take over in time, and \(who); it may be down or"
                + " far behind: look at `wiber cluster status` and `wiber stats`, and try again"
            return emit(.adminDone(token, .late(text)))
        }
        guard task.nextAsk <= time.now, let leader else { return }
        adminTasks[token]?.nextAsk = time.now + Self.transferRetry
        if leader == selfID {
            step(slot, .transfer(to: task.target))
        } else if let place = place(of: leader) {
            sendFrame(
                .transferLeadership(TransferLeadership(group: task.group, node: task.target)),
                to: place
            )
        }
    }

    /// Another node was asked for a transfer of what this one leads.
    func receiveTransfer(_ request: TransferLeadership) {
        guard let slot = slotOfGroup[request.group], groups[slot].isLeader,
            request.node != selfID, groups[slot].replicas.contains(request.node)
        else { return }
        step(slot, .transfer(to: request.node))
    }
}
