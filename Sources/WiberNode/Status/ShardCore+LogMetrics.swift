import WiberLog

/// The figures of the log, for `/metrics`.
extension ShardCore {
    func logMetrics() -> [Metric] {
        writeMetrics() + segmentMetrics() + rewriteMetrics() + eraseMetrics() + catchUpMetrics()
            + repairMetrics()
    }

    private func writeMetrics() -> [Metric] {
        let log = store.statistics
        return [
            metric(
                "wiber_log_flushes_total",
                "Batches of the write-ahead log, each made durable with one fdatasync.",
                .counter,
                Double(log.jobs)
            ),
            metric(
                "wiber_log_flush_seconds_total",
                "Time in which a flush of the log was under way.",
                .counter,
                Double(counters.flushNanoseconds) / 1e9
            ),
            metric(
                "wiber_log_slow_flushes_total",
                "Flushes of the log over 200 ms.",
                .counter,
                Double(counters.slowFlushes)
            ),
            metric(
                "wiber_disk_full",
                "1 while the disk is full or nearly so, so that publishes are refused.",
                .gauge,
                fullDisk == nil ? 0 : 1
            ),
            metric(
                "wiber_disk_free_bytes",
                "What is free on the file system of the data directory.",
                .gauge,
                Double(diskSpace?.free ?? 0)
            ),
            metric(
                "wiber_disk_reserve_bytes",
                "What must be free, or publishes are refused.",
                .gauge,
                Double(diskReserve)
            ),
            metric(
                "wiber_disk_quota_bytes",
                "The most bytes that the data directory may hold; 0: as many as there are.",
                .gauge,
                Double(configuration.diskQuota ?? 0)
            ),
            metric(
                "wiber_data_bytes",
                "What the files of write-ahead log and segments hold, those about to go included.",
                .gauge,
                Double(log.fileBytes)
            ),
            metric("wiber_log_entries_total", "Entries written.", .counter, Double(log.entries)),
            metric("wiber_log_bytes_total", "Bytes written.", .counter, Double(log.bytes)),
        ]
    }

    private func rewriteMetrics() -> [Metric] {
        let log = store.statistics
        return [
            metric(
                "wiber_segment_rewrites_total",
                "Segments that were written anew, without what is gone or compressed.",
                .counter,
                Double(log.rewrites)
            ),
            metric(
                "wiber_segment_rewrites_given_up_total",
                "Segments that could not be written anew; they are tried again.",
                .counter,
                Double(counters.rewritesGivenUp)
            ),
            metric(
                "wiber_segment_rewritten_bytes_total",
                "Bytes of segments that were written anew.",
                .counter,
                Double(log.rewrittenBytes)
            ),
            metric(
                "wiber_segment_freed_bytes_total",
                "Bytes that writing segments anew has given back.",
                .counter,
                Double(log.freedBytes)
            ),
            metric(
                "wiber_segment_compressed_files",
                "Segment files that are compressed.",
                .gauge,
                Double(log.compressedSegments)
            ),
            metric(
                "wiber_segment_compressed_bytes",
                "Bytes of segment files that are compressed.",
                .gauge,
                Double(log.compressedBytes)
            ),
            metric(
                "wiber_segment_expanded_bytes",
                "Bytes that compressed segment files would have if they were not.",
                .gauge,
                Double(log.expandedBytes)
            ),
        ]
    }

    private func eraseMetrics() -> [Metric] {
        let log = store.statistics
        return [
            metric(
                "wiber_erasures_pending",
                "Messages in a row that are to be erased from this node's disk, and are not yet.",
                .gauge,
                Double(erasuresPending)
            ),
            metric(
                "wiber_erasures_total",
                "Messages in a row that were erased from this node's disk.",
                .counter,
                Double(counters.erasures)
            ),
            metric(
                "wiber_overwritten_bytes_total",
                "Bytes that were overwritten with zeros, so that what was erased is gone.",
                .counter,
                Double(log.overwrittenBytes)
            ),
            metric(
                "wiber_overwrite_files_pending",
                "Files that wait to be overwritten with zeros.",
                .gauge,
                Double(log.filesToOverwrite)
            ),
        ]
    }

    private func segmentMetrics() -> [Metric] {
        let log = store.statistics
        return [
            metric(
                "wiber_segment_flushes_total",
                "Times that committed entries moved to segments.",
                .counter,
                Double(log.flushes)
            ),
            metric(
                "wiber_segment_bytes_total",
                "Bytes moved to segments.",
                .counter,
                Double(log.flushedBytes)
            ),
            metric("wiber_log_syncs_total", "Files made durable.", .counter, Double(log.syncs)),
            metric(
                "wiber_log_queue_entries",
                "Entries that wait for the next batch.",
                .gauge,
                Double(log.queuedEntries)
            ),
            metric(
                "wiber_log_queue_bytes",
                "Bytes that wait for the next batch.",
                .gauge,
                Double(log.queuedBytes)
            ),
            metric(
                "wiber_memtable_bytes",
                "Bytes of entries that are in no segment yet.",
                .gauge,
                Double(log.memtableBytes)
            ),
            metric(
                "wiber_retained_bytes",
                "Bytes of entries kept in memory for readers.",
                .gauge,
                Double(log.retainedBytes)
            ),
            metric(
                "wiber_wal_files",
                "Files of the write-ahead log.",
                .gauge,
                Double(log.walFiles)
            ),
            metric("wiber_segments", "Segment files.", .gauge, Double(log.segments)),
            metric("wiber_log_groups", "Groups in the log.", .gauge, Double(log.groups)),
        ]
    }

    private func catchUpMetrics() -> [Metric] {
        [
            metric(
                "wiber_catch_up_offers_total",
                "Times that a follower was told to fetch closed segments.",
                .counter,
                Double(counters.catchUpOffers)
            ),
            metric(
                "wiber_catch_ups_total",
                "Times that this node began to fetch closed segments of a topic.",
                .counter,
                Double(counters.catchUps)
            ),
            metric(
                "wiber_catch_up_bytes_total",
                "Bytes of entries that this node fetched, because it lacked closed segments.",
                .counter,
                Double(counters.catchUpBytes)
            ),
            metric(
                "wiber_catch_ups",
                "Topics of which this node fetches closed segments.",
                .gauge,
                Double(pulls.count)
            ),
            metric(
                "wiber_catch_up_bytes_left",
                "About how many bytes of closed segments this node still has to fetch.",
                .gauge,
                Double(pulls.values.reduce(0) { $0 &+ $1.bytesLeft })
            ),
        ]
    }

    private func repairMetrics() -> [Metric] {
        [
            metric(
                "wiber_scrubbed_bytes_total",
                "Bytes in segments that were verified in the background.",
                .counter,
                Double(counters.scrubbedBytes)
            ),
            metric(
                "wiber_scrub_passes_total",
                "Times that all segments were verified in the background.",
                .counter,
                Double(counters.scrubPasses)
            ),
            metric(
                "wiber_damage_found_total",
                "Places on disk that were not as they were written.",
                .counter,
                Double(counters.damageFound)
            ),
            metric(
                "wiber_repairs_total",
                "Damaged places that were repaired.",
                .counter,
                Double(counters.repairs)
            ),
            metric(
                "wiber_repairs_failed_total",
                "Damaged places that no other node could help with in time.",
                .counter,
                Double(counters.repairsFailed)
            ),
            metric(
                "wiber_repairs_served_total",
                "Answers with entries that another node's disk had lost.",
                .counter,
                Double(counters.repairsServed)
            ),
            metric(
                "wiber_groups_repaired_total",
                "Groups that were damaged at the start and are in use again.",
                .counter,
                Double(counters.groupsHealed)
            ),
            metric(
                "wiber_groups_impaired",
                "Groups that are damaged and not in use.",
                .gauge,
                Double(store.impairedGroups.count)
            ),
            metric("wiber_repairs", "Repairs under way.", .gauge, Double(repairs.count)),
            metric(
                "wiber_repair_reads",
                "Reads under way for repairs of other nodes.",
                .gauge,
                Double(repairsServing)
            ),
        ]
    }

    private func metric(
        _ name: String,
        _ help: String,
        _ kind: Metric.Kind,
        _ value: Double
    ) -> Metric {
        Metric(name: name, help: help, kind: kind, labels: [], value: value)
    }
}
