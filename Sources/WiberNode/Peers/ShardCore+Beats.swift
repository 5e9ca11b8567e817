import WiberBase
import WiberLog
import WiberRaft
import WiberWire

/// Beats between nodes, none a group (rules.md 11), and the failure detector that they feed.
extension ShardCore {
    /// Everything that depends on time and not on an event.
    func runTimers() {
        let now = time.now
        if nextBeat <= now {
            nextBeat = now + limits.beatInterval
            for place in peers.indices where peers[place].openLane != nil { sendBeat(to: place) }
            judgePeers()
        }
        if nextSweep <= now {
            nextSweep = now + .milliseconds(hasWork ? 20 : 100)
            dialPeers()
            sweep()
        }
        if sealDeadline <= now { store.seal() }
        if nextRaftDeadline <= now { runRaftDeadlines() }
    }

    private func runRaftDeadlines() {
        nextRaftDeadline = .distantFuture
        for slot in groups.indices {
            guard let deadline = groups[slot].raft?.nextDeadline else { continue }
            if deadline <= time.now, groups[slot].isLeader || mayCampaign {
                step(slot, .deadline)
            } else {
                nextRaftDeadline = min(
                    nextRaftDeadline,
                    max(deadline, time.now + .milliseconds(10))
                )
            }
        }
    }

    private var hasWork: Bool {
        !retrySlots.isEmpty || !unaskedReads.isEmpty || !forwards.isEmpty || !waitingRelays.isEmpty
            || !repairs.isEmpty || !wounds.isEmpty || isRewriting || isErasing || !pulls.isEmpty
            || !pendingTopics.isEmpty || !messageReads.isEmpty
            || peers.contains { $0.isPresent && $0.lane == .idle && $0.id != selfID }
            || joining != nil || shutdown != nil
    }

    private func sweep() {
        for slot in retrySlots.sorted() { markDirty(slot) }
        retrySlots.removeAll(keepingCapacity: true)
        retryReads()
        retryRelays()
        sweepRepairs()
        retryRecoveries()
        sweepWounds()
        sweepPulls()
        sweepScrub()
        sweepErasures()
        sweepRewrites()
        sweepAdmin()
        sweepBackups()
        sweepDepartures()
        expireForwards()
        expirePendingTopics()
        for slot in groups.indices {
            expireOutbox(slot)
            expireReads(slot)
            compact(slot)
            advancePurges(slot)
            sweepRetention(slot)
            sweepMove(slot)
            sweepIdle(slot)
            takeUp(slot)
            if !groups[slot].outbox.isEmpty { markDirty(slot) }
        }
        sweepMembers()
        sweepTags()
        sweepSubjects()
        sweepMessageReads()
        sweepSessions()
        reportTopics()
        sweepGreetings()
        checkDiskQuota()
        handOver()
        finishJoining()
        compareNodes()
        advanceLameDuck()
        advanceShutdown()
    }

    /// When a log that rests says where it ends, so that nothing before that can pass for a torn
    /// tail (rule 4); once after the last write.
    var sealDeadline: Instant {
        !hasLogJob && store.needsSeal ? logJobSince + limits.sealAfter : .distantFuture
    }

    /// Connections on which the HELLO does not come.
    private func sweepGreetings() {
        let limit = Instant.Span.seconds(5)
        for place in peers.indices {
            if case .greeting(let connection, let since) = peers[place].lane,
                time.now.since(since) > limit
            {
                emit(.close(connection, reason: "no answer to HELLO"))
            }
        }
        for connection in incoming.keys.sorted(by: { $0.rawValue < $1.rawValue }) {
            guard let lane = incoming[connection], lane.node == nil,
                time.now.since(lane.since) > limit
            else { continue }
            drop(connection, "no HELLO within 5 s")
        }
    }

    func sendBeat(to place: Int) {
        let peer = peers[place]
        sendFrame(
            .beat(
                Beat(
                    incarnation: store.superblock.incarnation,
                    sentAt: time.now.nanoseconds,
                    wall: time.wall,
                    isDiskStalled: isDiskStalled,
                    formation: formation,
                    level: level,
                    echo: peer.lastBeat?.sentAt ?? 0,
                    echoAge: peer.lastBeat.map { time.now.since($0.heardAt).nanoseconds } ?? 0
                )
            ),
            to: place
        )
    }

    private var isDiskStalled: Bool {
        fullDisk != nil || hasLogJob && time.now.since(logJobSince) > limits.diskStall
    }

    func receiveBeat(_ beat: Beat, from node: NodeID) {
        guard let place = place(of: node) else { return }
        peers[place].lastBeat = (beat.sentAt, time.now)
        peers[place].formation = beat.formation
        noteLevel(beat.level)
        liveness.setDiskStalled(beat.isDiskStalled, for: node)
        counters.beatsReceived += 1
        let sent = Instant(nanoseconds: beat.echo)
        guard beat.echo > 0, sent <= time.now else { return }
        let elapsed = time.now.since(sent).nanoseconds
        guard beat.echoAge <= elapsed else { return }
        let sample = elapsed - beat.echoAge
        let before = peers[place].roundTrip?.nanoseconds ?? sample
        peers[place].roundTrip = Instant.Span(nanoseconds: (before / 8) * 7 + sample / 8)
    }

    /// Something fresh came from a node.
    func heard(_ node: NodeID) {
        guard let place = place(of: node) else { return }
        peers[place].lastHeard = time.now
        liveness[node] = time.now
        if peers[place].health != .alive { setHealth(.alive, place) }
    }

    private func judgePeers() {
        for place in peers.indices where peers[place].id != selfID && peers[place].isPresent {
            let silence = peers[place].lastHeard.map { time.now.since($0) }
            if let silence, silence <= .milliseconds(400) { continue }
            let isDead = (silence ?? time.now.since(startedAt)) > .seconds(5)
            if peers[place].health == .alive { setHealth(.suspect, place) }
            if isDead, peers[place].health == .suspect { setHealth(.dead, place) }
        }
    }

    func setHealth(_ health: PeerHealth, _ place: Int) {
        guard peers[place].health != health else { return }
        peers[place].health = health
        peers[place].healthSince = time.wall
        if health == .alive {
            // What waits for a node that can hold a topic may go on.
            mustDecideMeta = true
            markDirty(ShardCore.metaSlot)
        }
        trace(
            health == .alive ? .info : .warning,
            "node health changed",
            [("node", peers[place].address.name), ("state", health.rawValue)]
        )
    }
}
