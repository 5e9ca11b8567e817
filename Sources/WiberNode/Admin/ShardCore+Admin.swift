import WiberBase
import WiberMeta
import WiberRaft
import WiberTopic
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
        guard adminTasks.count < Self.adminTasksMax else {
            return refuse(token, "too many commands are under way; try again in a moment")
        }
        switch command {
        case .transfer(let topic, let node): transfer(token, topic, to: node)
        case .balance: balance(token)
        case .createTopic(let topic): begin(token, .createTopic(topic, replicas: []))
        case .updateTopic(let name, let changes):
            guard let topic = topic(name, token), let record = meta.topic(topic) else { return }
            let before = record.configuration
            begin(token, .updateTopic(topic, from: before, to: changes.applied(to: before)))
        case .deleteTopic(let name):
            guard let topic = topic(name, token) else { return }
            begin(token, .deleteTopic(topic))
        case .purge(let name, let before): purge(token, name, .purge(before: before))
        case .keep(let name, let count): purge(token, name, .keep(newest: count))
        case .purgeSubject(let name, let subject, let before, let keep):
            let purge = SubjectPurge(
                pattern: Array(subject.utf8),
                before: before ?? Sequence(.max),
                keep: keep
            )
            self.purge(token, name, .purgeSubject(purge))
        case .remove(let name, let sequence): purge(token, name, .remove(sequence))
        case .erase(let name, let sequence): purge(token, name, .erase(sequence))
        case .moveTopic(let name, let nodes):
            guard let topic = topic(name, token), let nodes = nodeIDs(nodes, token) else { return }
            begin(token, .move(topic, to: nodes))
        case .setReplicas(let name, let count): setReplicas(token, name, count)
        case .beginBackup(let name): beginBackup(token, name)
        case .readBackup(let session): readBackup(token, session)
        case .endBackup(let session):
            endBackup(session)
            emit(.adminDone(token, .done))
        case .importBlock(let name, let block):
            guard slotOfName[Array(name.utf8)] != nil else {
                return emit(.adminDone(token, .late(Self.topicsUnknown)))
            }
            purge(token, name, .importBlock(block))
        case .finishRestore(let name):
            guard let topic = topic(name, token) else { return }
            begin(token, .restored(topic))
        case .readMessage(let name, let query): beginMessageRead(token, name, query)
        case .drain(let node, let isDrained):
            guard let nodes = nodeIDs([node], token) else { return }
            begin(token, .drain(nodes[0], isDrained))
        case .addNode(let address): begin(token, .addNode(NodeRecord(address), replacing: nil))
        case .removeNode(let name):
            guard let nodes = nodeIDs([name], token) else { return }
            begin(token, .removeNode(nodes[0]))
        case .replaceNode(let name, let address):
            guard let nodes = nodeIDs([name], token), let old = meta.node(nodes[0]) else { return }
            let record = address.map { NodeRecord($0) } ?? old
            begin(token, .addNode(record, replacing: old.id))
        }
    }

    private func purge(_ token: UInt64, _ name: String, _ command: TopicCommand) {
        guard let topic = topic(name, token) else { return }
        begin(token, command.encoded, topic)
    }

    func topic(_ name: String, _ token: UInt64) -> GroupID? {
        if let slot = slotOfName[Array(name.utf8)] { return groups[slot].id }
        if isMetaCurrent {
            refuse(token, "there is no topic of this name; `wiber topics` lists them")
        } else {
            emit(.adminDone(token, .late(Self.topicsUnknown)))
        }
        return nil
    }

    static let topicsUnknown =
        "this node does not know the topic yet, as it may have just started, or cannot reach the meta"
        + " group's leader; try again in a moment, or look with `wiber topics`"

    private func nodeIDs(_ names: [String], _ token: UInt64) -> [NodeID]? {
        let nodes = names.map { meta.node(named: $0)?.id ?? .zero }
        guard let unknown = nodes.firstIndex(of: .zero) else { return nodes }
        let known = meta.nodes.map(\.name).joined(separator: ", ")
        let text =
            known.isEmpty
            ? readiness() ?? "this node knows no others yet"
            : "there is no node \(names[unknown]); the nodes are \(known)"
        refuse(token, text)
        return nil
    }

    private func setReplicas(_ token: UInt64, _ name: String, _ count: Int) {
        guard let id = topic(name, token) else { return }
        let most = meta.nodes.count { !$0.isDrained }
        guard count >= 1, count <= min(most, Configuration.nodesMax) else {
            return refuse(
                token,
                "a topic has 1 to \(min(most, Configuration.nodesMax)) replicas in this cluster: as many"
                    + " as there are nodes that may hold one"
            )
        }
        // The meta leader chooses the nodes.
        begin(token, .move(id, to: Array(repeating: .zero, count: count)))
    }

    private func transfer(_ token: UInt64, _ name: String, to node: String) {
        guard let id = topic(name, token), let slot = slotOfGroup[id],
            let target = nodeIDs([node], token)?.first
        else { return }
        let members = groups[slot].members
        guard groups[slot].member(on: target) != nil else {
            let names = members.map { self.name(of: $0) }.joined(separator: ", ")
            return refuse(token, "\(node) has no replica of the topic; \(names) have one")
        }
        adminTasks[token] = AdminTask(
            work: .transfer(id, target),
            deadline: time.now + Self.transferWait,
            nextAsk: time.now
        )
        advance(token)
    }

    func refuse(_ token: UInt64, _ text: String) {
        emit(.adminDone(token, .refused(text)))
    }

    /// Goes on with what is under way.
    func sweepAdmin() {
        for token in adminTasks.keys.sorted() { advance(token) }
    }

    func advance(_ token: UInt64) {
        guard let task = adminTasks[token] else { return }
        switch task.work {
        case .command(let group, let command): advance(token, group, command)
        case .transfer(let group, let target): advance(token, group, to: target)
        case .balance(let targets): advance(token, targets)
        }
    }

    private func advance(_ token: UInt64, _ group: GroupID, to target: NodeID) {
        guard let task = adminTasks[token] else { return }
        guard let slot = slotOfGroup[group] else {
            return end(token, .refused("the topic was deleted meanwhile"))
        }
        let leader = groups[slot].leader
        if leader == target { return end(token, .done) }
        guard time.now < task.deadline else {
            let who = leader.map { "\(name(of: $0)) leads" } ?? "no leader is known"
            let text =
                "\(name(of: target)) did not take over in time, and \(who); it may be down or"
                + " far behind: look at `wiber cluster status` and `wiber stats`, and try again"
            return end(token, .late(text))
        }
        guard task.nextAsk <= time.now else { return }
        adminTasks[token]?.nextAsk = time.now + Self.transferRetry
        askForTransfer(slot, to: target)
    }

    /// Asks a group's leader, this node or another, to let another replica lead.
    func askForTransfer(_ slot: Int, to target: NodeID) {
        guard let leader = groups[slot].leader else { return }
        if leader == selfID {
            step(slot, .transfer(to: groups[slot].member(on: target) ?? target))
            markDirty(slot)
        } else if let place = place(of: leader) {
            let request = TransferLeadership(group: groups[slot].id, node: target)
            sendFrame(.transferLeadership(request), to: place)
        }
    }

    /// Another node was asked for a transfer of what this one leads.
    func receiveTransfer(_ request: TransferLeadership) {
        guard let slot = slotOfGroup[request.group], groups[slot].isLeader,
            request.node != selfID, let member = groups[slot].member(on: request.node)
        else { return }
        step(slot, .transfer(to: member))
    }
}
