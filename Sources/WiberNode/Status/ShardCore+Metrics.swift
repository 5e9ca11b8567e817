import WiberBase
import WiberLog
import WiberMeta
import WiberRaft
import WiberSubject
import WiberTopic

/// The figures of `/metrics`: every queue has one.
extension ShardCore {
    /// All figures of this shard, in a fixed order.
    public func metrics() -> [Metric] {
        clientMetrics() + natsMetrics() + publishMetrics() + removalMetrics() + clusterMetrics()
            + levelMetrics()
            + backupMetrics() + queueMetrics()
            + topicMetrics()
            + logMetrics()
    }

    private func counter(_ name: String, _ help: String, _ value: UInt64) -> Metric {
        Metric(name: name, help: help, kind: .counter, labels: [], value: Double(value))
    }

    private func gauge(
        _ name: String,
        _ help: String,
        _ value: Int,
        _ labels: [(String, String)] = []
    ) -> Metric {
        Metric(name: name, help: help, kind: .gauge, labels: labels, value: Double(value))
    }

    private func clientMetrics() -> [Metric] {
        [
            gauge("wiber_client_connections", "Clients connected now.", sessions.count),
            counter(
                "wiber_client_connections_total",
                "Clients so far.",
                counters.connectionsOpened
            ),
            counter(
                "wiber_client_bytes_received_total",
                "Bytes from clients.",
                counters.clientBytesReceived
            ),
            counter("wiber_client_bytes_sent_total", "Bytes to clients.", counters.clientBytesSent),
            counter("wiber_requests_total", "Requests of clients.", counters.requests),
            counter("wiber_bad_requests_total", "Lines that are no request.", counters.badRequests),
            counter(
                "wiber_slow_consumers_total",
                "Clients disconnected because they did not read.",
                counters.slowReaders
            ),
            counter(
                "wiber_stale_connections_total",
                "Clients disconnected because they did not answer PING.",
                counters.staleConnections
            ),
            counter(
                "wiber_reading_pauses_total",
                "Times that a client was not read from, because too much was under way.",
                counters.readingPauses
            ),
        ]
    }

    private func natsMetrics() -> [Metric] {
        [
            gauge("wiber_nats_connections", "Clients that speak NATS.", nats.clients.count),
            gauge(
                "wiber_nats_subscriptions",
                "Subscriptions of clients that speak NATS, and of other nodes for theirs.",
                nats.listenerCount
            ),
            counter(
                "wiber_nats_messages_received_total",
                "Messages from clients that speak NATS.",
                counters.natsMessagesIn
            ),
            counter("wiber_nats_bytes_received_total", "Their bytes.", counters.natsBytesIn),
            counter(
                "wiber_nats_messages_sent_total",
                "Messages to clients that speak NATS.",
                counters.natsMessagesOut
            ),
            counter("wiber_nats_bytes_sent_total", "Their bytes.", counters.natsBytesOut),
            counter(
                "wiber_nats_messages_routed_total",
                "Messages to other nodes, for their clients.",
                counters.natsRouted
            ),
            counter(
                "wiber_nats_messages_unrouted_total",
                "Messages for another node that could not be reached; nobody there gets them.",
                counters.natsRoutedLost
            ),
            counter(
                "wiber_nats_match_hits_total",
                "Subjects whose subscriptions were known from lately.",
                nats.table.cacheHits
            ),
            counter(
                "wiber_nats_match_misses_total",
                "Subjects whose subscriptions had to be looked up.",
                nats.table.cacheMisses
            ),
        ]
    }

    private func publishMetrics() -> [Metric] {
        [
            counter(
                "wiber_publishes_total",
                "Publishes that reached this node.",
                counters.publishes
            ),
            counter(
                "wiber_dedup_hits_total",
                "Publishes that were stored before.",
                counters.duplicates
            ),
            counter(
                "wiber_forwarded_total",
                "Publishes sent on to the leader of their topic.",
                counters.forwarded
            ),
            counter(
                "wiber_refused_without_leader_total",
                "Publishes refused because their topic had no leader.",
                counters.refusedWithoutLeader
            ),
            counter(
                "wiber_refused_disk_full_total",
                "Publishes refused because this node's disk was full.",
                counters.refusedDiskFull
            ),
            counter(
                "wiber_unknown_outcomes_total",
                "Publishes whose outcome the client was not told.",
                counters.unknownOutcomes
            ),
            counter(
                "wiber_messages_applied_total",
                "Messages committed and applied on this node.",
                counters.messagesApplied
            ),
            counter("wiber_chunks_applied_total", "Entries applied.", counters.chunksApplied),
            counter("wiber_chunks_appended_total", "Entries appended.", counters.chunksAppended),
            counter("wiber_delivered_total", "MSG lines sent.", counters.delivered),
            counter("wiber_histories_total", "HISTORY requests.", counters.histories),
            counter(
                "wiber_message_reads_total",
                "Single messages that were asked for by sequence or subject.",
                counters.messageReads
            ),
            gauge("wiber_message_reads_open", "Those without an answer.", messageReads.count),
            counter("wiber_trims_total", "Expiries that this node proposed.", counters.trims),
            counter(
                "wiber_snapshots_sent_total",
                "Times that a follower got the start of a log, because its own ended before.",
                counters.snapshotsSent
            ),
            counter(
                "wiber_snapshots_installed_total",
                "Times that a leader's log took the place of this node's.",
                counters.snapshotsInstalled
            ),
        ]
    }

    private func backupMetrics() -> [Metric] {
        [
            counter("wiber_backups_total", "Backups that began here.", counters.backups),
            gauge("wiber_backups_open", "Those that are being read.", backups.count),
            counter(
                "wiber_restored_blocks_total",
                "Blocks of backups that topics led by this node have taken.",
                counters.importedBlocks
            ),
        ]
    }

    /// What leaves topics from the middle, and what knows of it.
    private func removalMetrics() -> [Metric] {
        [
            gauge(
                "wiber_removals_waiting",
                "Messages that shall go from the middle of topics, and are not in the log yet.",
                groups.reduce(0) { $0 + $1.topic.removalQueueCount }
            ),
            gauge(
                "wiber_removals_bytes",
                "Memory that knows which messages are gone.",
                groups.reduce(0) { $0 + $1.topic.removalByteCount }
            ),
            gauge(
                "wiber_subjects_bytes",
                "Memory that knows which messages have which subject.",
                subjectBudget.used
            ),
            gauge("wiber_subjects_bytes_limit", "Its limit.", subjectBudget.limit),
            counter(
                "wiber_messages_expired_total",
                "Messages that this node has let go, as a leader, because their time to live was over.",
                counters.messagesExpired
            ),
            gauge(
                "wiber_ttl_messages",
                "Messages of which this node knows when their time to live is over.",
                groups.reduce(0) { $0 + $1.topic.deadlineCount }
            ),
            gauge("wiber_ttl_bytes", "Memory that knows that.", deadlineBudget.used),
            gauge("wiber_ttl_bytes_limit", "Its limit.", deadlineBudget.limit),
        ]
    }

    private func clusterMetrics() -> [Metric] {
        [
            counter(
                "wiber_admin_commands_total",
                "Commands of people who run the cluster, given to this node.",
                counters.adminCommands
            ),
            gauge(
                "wiber_admin_commands_under_way",
                "Those that are not done.",
                adminTasks.count
            ),
            counter("wiber_topics_deleted_total", "Topics that ended.", counters.topicsDeleted),
            counter(
                "wiber_purges_total",
                "Purges of topics that this node leads.",
                counters.purges
            ),
            counter(
                "wiber_publishes_refused_total",
                "Publishes that a topic's leader here did not store, for what they are or ask.",
                counters.refusedPublishes
            ),
            counter(
                "wiber_replicas_removed_total",
                "Replicas that have left this node.",
                store.counters.removals
            ),
            gauge(
                "wiber_replicas_leaving",
                "Replicas that leave this node, their files included.",
                departures.count
            ),
            counter(
                "wiber_raft_elections_total",
                "Times that this node became a leader.",
                counters.elections
            ),
            counter("wiber_raft_role_changes_total", "Changes of role.", counters.roleChanges),
            counter(
                "wiber_raft_truncations_total",
                "Times that entries which were not committed were replaced.",
                counters.truncations
            ),
            counter("wiber_raft_appends_sent_total", "Appends sent.", counters.appendsSent),
            counter("wiber_peer_frames_sent_total", "Frames to other nodes.", counters.framesSent),
            counter("wiber_peer_bytes_sent_total", "Bytes to other nodes.", counters.peerBytesSent),
            counter("wiber_peer_bad_frames_total", "Frames that were dropped.", counters.badFrames),
            counter("wiber_peer_beats_received_total", "Beats heard.", counters.beatsReceived),
            counter("wiber_peer_lanes_opened_total", "Lanes opened.", counters.lanesOpened),
        ]
    }

    private func queueMetrics() -> [Metric] {
        let waiting = sessions.values.reduce(0) { $0 + $1.replies.requestCount }
        let inboxes = sessions.values.reduce(0) { $0 + $1.inbox.count }
        let outbox = groups.reduce(0) { $0 + $1.outboxBytes }
        let waiters = groups.reduce(0) { $0 + $1.waiters.count }
        let pendingReads = groups.reduce(0) { $0 + $1.reads.count }
        return [
            gauge("wiber_replies_waiting", "Requests without a reply yet.", waiting),
            gauge("wiber_inbox_bytes", "Bytes of clients that are not parsed yet.", inboxes),
            gauge("wiber_outbox_bytes", "Bytes of publishes waiting for a leader.", outbox),
            gauge("wiber_commit_waiters", "Answers that wait for a commit.", waiters),
            gauge(
                "wiber_forwards_outstanding",
                "Batches that a leader has not answered.",
                forwards.count
            ),
            gauge("wiber_read_index_waiting", "Reads that wait for the leader.", pendingReads),
            gauge("wiber_disk_reads_outstanding", "Reads from disk under way.", reads.count),
            gauge("wiber_relays", "Requests that another node answers.", relays.count),
            gauge("wiber_topics_pending", "Topics being created.", pendingTopics.count),
            gauge(
                "wiber_topics_misplaced",
                "Topics on nodes where their placement does not have them, and that do not move yet.",
                meta.misplacedCount
            ),
            counter(
                "wiber_refused_quota_total",
                "Publishes that a topic's leader here did not store because of the topic's quota.",
                counters.refusedQuota
            ),
        ]
    }

    private func topicMetrics() -> [Metric] {
        var metrics: [Metric] = []
        for group in groups where group.raft != nil {
            let labels = [("topic", group.configuration.name)]
            let term = Int(clamping: group.raft?.currentTerm.rawValue ?? 0)
            metrics.append(gauge("wiber_raft_term", "The group's term.", term, labels))
            metrics.append(
                gauge("wiber_raft_is_leader", "1 on the leader.", group.isLeader ? 1 : 0, labels)
            )
            metrics.append(
                gauge(
                    "wiber_raft_commit_index",
                    "The last committed entry.",
                    Int(clamping: group.applied.rawValue),
                    labels
                )
            )
            guard group.id != .meta else { continue }
            metrics.append(
                gauge(
                    "wiber_stream_messages",
                    "Messages in the topic.",
                    Int(clamping: group.topic.liveMessages),
                    labels
                )
            )
            metrics.append(
                gauge(
                    "wiber_stream_bytes",
                    "Bytes of messages in the topic.",
                    Int(clamping: group.topic.liveBytes),
                    labels
                )
            )
            metrics.append(
                gauge(
                    "wiber_topic_subscribers",
                    "Connections of this node that follow the topic.",
                    group.subscribers.count,
                    labels
                )
            )
        }
        return metrics.sorted { $0.name < $1.name }
    }
}
