import WiberBase
import WiberMeta
import WiberRaft
import WiberWire

/// Commands on their way into the log of a group, whose leader may be another node.
extension ShardCore {
    // MARK: Who asks

    /// Sends a command that is sent again until what it says shows.
    func sendCommand(_ command: [UInt8], _ group: GroupID) {
        guard let slot = slotOfGroup[group] else { return }
        if groups[slot].isLeader { return take(command, slot, .nobody) }
        guard let leader = groups[slot].leader, let place = place(of: leader),
            peers[place].openLane != nil
        else { return }
        let request = CommandRequest(request: token(), group: group, command: command)
        sendFrame(.commandRequest(request), to: place)
    }

    /// Begins a command that a person waits for.
    func begin(_ token: UInt64, _ command: MetaCommand) { begin(token, command.encoded, .meta) }

    func begin(_ token: UInt64, _ command: [UInt8], _ group: GroupID) {
        adminTasks[token] = AdminTask(
            work: .command(group, command),
            deadline: time.now + Self.commandWait,
            nextAsk: time.now
        )
        advance(token)
    }

    /// Goes on with a command: hands it to the leader, or sees that this node has applied it.
    func advance(_ token: UInt64, _ group: GroupID, _ command: [UInt8]) {
        guard let task = adminTasks[token] else { return }
        guard let slot = slotOfGroup[group] else {
            return end(token, .refused("the topic was deleted meanwhile"))
        }
        switch task.stage {
        case .waiting:
            guard time.now < task.deadline else {
                let text = group == .meta ? commandUntaken : noLeaderText(slot)
                return end(token, .refused(text))
            }
            guard task.nextAsk <= time.now else { return }
            adminTasks[token]?.nextAsk = time.now + .milliseconds(50)
            hand(token, command, slot)
        case .taken:
            guard time.now >= task.deadline else { return }
            end(token, .late(group == .meta ? Self.commandUnknown : Self.purgeLate))
        case .committed(let index):
            // What was done shows here, too; a node that lags behind does not hold up the answer.
            if groups[slot].applied >= index || groups[slot].raft == nil
                || time.now >= task.deadline
            {
                end(token, .done)
            }
        }
    }

    private func hand(_ token: UInt64, _ command: [UInt8], _ slot: Int) {
        if groups[slot].isLeader {
            adminTasks[token]?.stage = .taken(request: nil)
            return take(command, slot, .local(token: token))
        }
        guard let leader = groups[slot].leader, let place = place(of: leader),
            peers[place].openLane != nil, peers[place].isWritable,
            peers[place].incoming != nil  // The answer comes on the lane that it opened.
        else { return }
        let request = self.token()
        commandRequests[request] = token
        adminTasks[token]?.stage = .taken(request: request)
        let group = groups[slot].id
        sendFrame(
            .commandRequest(CommandRequest(request: request, group: group, command: command)),
            to: place
        )
    }

    func receiveCommandReply(_ reply: CommandReply, from node: NodeID) {
        guard let token = commandRequests.removeValue(forKey: reply.request) else { return }
        commandAnswered(token, reply.status, reply.index, reply.text)
    }

    /// Goes on with a command that a leader has answered.
    private func commandAnswered(
        _ token: UInt64,
        _ status: CommandReply.Status,
        _ index: LogIndex,
        _ text: String
    ) {
        switch status {
        case .done:
            adminTasks[token]?.stage = .committed(index)
            advance(token)
        case .refused: end(token, .refused(text))
        case .unknown: end(token, .late(Self.commandUnknown))
        case .notNow: adminTasks[token]?.stage = .waiting
        }
    }

    /// Ends what a person waits for.
    func end(_ token: UInt64, _ outcome: AdminOutcome) {
        guard let task = adminTasks.removeValue(forKey: token) else { return }
        if case .taken(let request?) = task.stage { commandRequests[request] = nil }
        emit(.adminDone(token, outcome))
    }

    private static let commandWait = Instant.Span.seconds(5)

    private var commandUntaken: String {
        let reason = readiness() ?? "the meta group's leader is busy or cannot be reached"
        return "nothing was done: \(reason); try again when `wiber cluster status` shows a leader"
    }

    static let commandUnknown =
        "the leader changed before it answered: the command may or may not be carried out; look with"
        + " `wiber topics` or `wiber cluster status`, and give it again if it was not"

    private static let purgeLate =
        "the messages are still being removed, or the leader changed: messages in `wiber stats` says how far it"
        + " is; give the command again if it does not move"

    // MARK: Who leads

    func receiveCommand(_ request: CommandRequest, from node: NodeID) {
        let origin = CommandOrigin.peer(node, request: request.request)
        guard let slot = slotOfGroup[request.group], groups[slot].isLeader else {
            return answer(origin, .notNow)
        }
        take(request.command, slot, origin)
    }

    /// Puts a command into the log, unless it makes no sense or others are on their way.
    private func take(_ bytes: [UInt8], _ slot: Int, _ origin: CommandOrigin) {
        guard groups[slot].id == .meta else { return takePurge(bytes, slot, origin) }
        guard decidesMeta, meta.isFormed, shutdown == nil else { return answer(origin, .notNow) }
        let decoded = bytes.withUnsafeBytes { raw -> MetaCommand? in
            var reader = ByteReader(raw)
            return try? MetaCommand.decode(&reader)
        }
        guard let asked = decoded, let command = placed(asked) else {
            let text = "the leader does not know this command; it may run an older version"
            return answer(origin, .refused, text: text)
        }
        if let text = meta.refusal(of: command) { return answer(origin, .refused, text: text) }
        guard command.level <= meta.level else {
            let text =
                "this needs feature level \(command.level), and the cluster is at \(meta.level);"
                + " `wiber cluster status` says what the level waits for"
            return answer(origin, .refused, text: text)
        }
        propose(command)
        guard let index = groups[slot].raft?.lastIndex else { return }
        let waiter = Group.Waiter(fence: index, answer: .command(origin))
        if index <= groups[slot].applied { return answer(origin, .done, at: index) }
        groups[slot].waiters.append(waiter)
    }

    /// A command as the leader puts it into the log; `nil` if it is none that others may ask for.
    private func placed(_ command: MetaCommand) -> MetaCommand? {
        switch command {
        case .form, .bindStore, .forgetNode, .moveNode, .announce, .raise: return nil
        case .createTopic(var topic, _):
            if topic.replicas == 0 { topic.replicas = defaultReplicas }
            let nodes = place(replicas: topic.replicas, on: topic.placement)
            return .createTopic(topic, replicas: nodes)
        case .move(let group, let nodes):
            // Nodes that are not named: as many as there are zeros, the best ones.
            let named = nodes.filter { $0 != .zero }
            guard named.isEmpty, !nodes.isEmpty else { return command }
            let record = meta.topic(group)
            let target = place(
                replicas: nodes.count,
                on: record?.configuration.placement ?? TopicConfiguration.Placement(),
                keeping: record?.replicas ?? []
            )
            // With too few of them the command is refused, with words.
            return target.count == nodes.count ? .move(group, to: target) : command
        case .deleteTopic, .updateTopic, .settled, .drain, .addNode, .removeNode,
            .restored, .tagNode:
            return command
        }
    }

    /// Tells who waits for a command what became of it.
    func answer(
        _ origin: CommandOrigin,
        _ status: CommandReply.Status,
        at index: LogIndex = .zero,
        text: String = ""
    ) {
        switch origin {
        case .nobody: break
        case .local(let token): commandAnswered(token, status, index, text)
        case .peer(let node, let request):
            guard let place = place(of: node) else { return }
            let reply = CommandReply(request: request, status: status, index: index, text: text)
            sendFrame(.commandReply(reply), to: place)
        }
    }
}
