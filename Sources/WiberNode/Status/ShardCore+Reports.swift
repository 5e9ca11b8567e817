import WiberBase
import WiberRaft
import WiberTopic
import WiberWire

/// What leaders tell the other nodes about their topics, so that every node can answer STATS.
extension ShardCore {
    /// Reports each topic that this node leads and that has changed, at most once a second.
    func reportTopics() {
        for slot in groups.indices where groups[slot].isLeader && groups[slot].id != .meta {
            let last = groups[slot].reported
            if let last, time.now.since(last.at) < .milliseconds(500) { continue }
            let report = report(slot)
            if let last, last.report == report, time.now.since(last.at) < .seconds(10) { continue }
            groups[slot].reported = (report, time.now)
            for place in peers.indices where peers[place].openLane != nil {
                sendFrame(.topicReport(report), to: place)
            }
        }
    }

    private func report(_ slot: Int) -> TopicReport {
        let group = groups[slot]
        let replicas = group.members.map { node in
            let match =
                node.node == selfID
                ? group.raft?.durableIndex : group.raft?.progress(of: node)?.match
            let isHeard =
                place(of: node).map { peers[$0].health == .alive } ?? (node.node == selfID)
            let isCurrent = isHeard && (match ?? .zero) >= group.applied
            return TopicReport.Replica(node: node.node, match: match ?? .zero, isCurrent: isCurrent)
        }
        return TopicReport(
            group: group.id,
            term: group.raft?.currentTerm ?? .zero,
            first: group.topic.firstSequence,
            next: group.topic.appliedNextSequence,
            messages: group.topic.liveMessages,
            bytes: group.topic.liveBytes,
            lastTime: group.lastMessageTime ?? .zero,
            replicas: Array(replicas.prefix(TopicReport.replicasMax))
        )
    }

    func receiveReport(_ report: TopicReport, from node: NodeID) {
        guard let slot = slotOfGroup[report.group], !groups[slot].isLeader,
            report.term >= groups[slot].report?.term ?? .zero
        else { return }
        groups[slot].report = report
        if groups[slot].raft == nil { groups[slot].leaderHint = node }
    }

    /// What is known about the topic's replicas: on the leader its own view, elsewhere its report.
    func currentReport(_ slot: Int) -> TopicReport? {
        groups[slot].isLeader ? report(slot) : groups[slot].report
    }
}
