import WiberBase
import WiberNode
import WiberWire

/// The network: connections that keep their order, with delays, partitions that hold bytes back as
/// TCP does, stalls and resets.
extension World {
    /// Connects a client to a node; `nil` if nobody listens there.
    func connect(_ client: SimClient, to place: Int) -> Link? {
        let machine = machines[place]
        guard machine.core != nil, !machine.isPaused else { return nil }
        let connection = machine.accept()
        let link = Link(
            dialer: .client(client, epoch: client.epoch),
            acceptor: .node(place, epoch: machine.epoch, connection),
            isLane: false
        )
        add(link)
        handle(place, .clientOpened(connection, address: client.name))
        return link
    }

    func add(_ link: Link) {
        links.append(link)
        for (side, end) in link.ends.enumerated() {
            guard case .node(let place, _, let connection) = end else { continue }
            machines[place].links[connection.rawValue] = (link, side)
        }
    }

    /// Whether nothing passes from one end of a link to the other.
    private func isBlocked(_ link: Link, from side: Int) -> Bool {
        guard let from = link.ends[side].node, let to = link.ends[1 - side].node else {
            return false
        }
        return blocks[from * machines.count + to] > 0
    }

    func isBlocked(from: Int, to: Int) -> Bool { blocks[from * machines.count + to] > 0 }

    /// Lets nothing pass from one machine to another; counted, since partitions may overlap.
    func block(from: Int, to: Int) { blocks[from * machines.count + to] += 1 }

    func unblock(from: Int, to: Int) {
        guard blocks[from * machines.count + to] > 0 else { return }  // All was healed before.
        blocks[from * machines.count + to] -= 1
        guard blocks[from * machines.count + to] == 0 else { return }
        for link in links {
            for side in 0...1
            where link.ends[side].node == from && link.ends[1 - side].node == to {
                releaseHeld(link, side)
            }
        }
    }

    func releaseHeld(_ link: Link, _ side: Int) {
        while link.held[side] > 0, !isBlocked(link, from: side), link.stalledUntil <= now {
            link.held[side] -= 1
            deliver(link, side)
        }
    }

    // MARK: Nodes dial

    func dial(_ place: Int, _ connection: ConnectionID, _ port: Int) {
        let target = port % 1_000
        guard target < machines.count else { return }
        onMachine(place, after: random.draw(50_000...500_000)) { world, machine in
            let other = world.machines[target]
            let isCut =
                world.isBlocked(from: place, to: target)
                || world.isBlocked(from: target, to: place)
            guard other.core != nil, !isCut, !other.isPaused else {
                let isSilent = other.isSilent || isCut || other.isPaused
                let reason = isSilent ? "timed out" : "refused"
                let wait: UInt64 = isSilent ? 1_000_000_000 : 1_000_000
                return world.onMachine(place, after: wait) { world, _ in
                    world.handle(place, .dialFailed(connection, reason: reason))
                }
            }
            let accepted = other.accept()
            let isLane = port >= Machine.rpcPort
            let link = Link(
                dialer: .node(place, epoch: machine.epoch, connection),
                acceptor: .node(target, epoch: other.epoch, accepted),
                isLane: isLane
            )
            world.add(link)
            world.handle(
                target,
                isLane
                    ? .peerAccepted(accepted, address: machine.name)
                    : .clientOpened(accepted, address: machine.name)
            )
            world.send(.opened, on: link, from: 1)
        }
    }

    // MARK: Bytes

    func write(_ place: Int, _ connection: ConnectionID, _ bytes: [UInt8]) {
        guard let (link, side) = machines[place].links[connection.rawValue], !link.isClosed[side]
        else { return }
        guard link.isLane, side == 0 else { return send(.bytes(bytes), on: link, from: side) }
        if let target = link.ends[1].node {
            checker.sent(bytes, by: machines[place], to: target, self)
        }
        if settings.network.losesFrames, !isQuiet {
            for piece in mangle(bytes) { send(.bytes(piece), on: link, from: side) }
        } else {
            send(.bytes(bytes), on: link, from: side)
        }
    }

    /// Loses, repeats and swaps frames that a packet could carry: beats and messages of Raft.
    private func mangle(_ bytes: [UInt8]) -> [[UInt8]] {
        let plan = settings.network
        var pieces: [[UInt8]] = []
        bytes.withUnsafeBytes { raw in
            FrameWalk.forEach(in: raw) { kind, frame, _ in
                let piece = Array(raw[frame])
                guard kind != .other else { return pieces.append(piece) }
                if random.chance(perMille: plan.loss) { return }
                pieces.append(piece)
                if random.chance(perMille: plan.duplication) { pieces.append(piece) }
                if pieces.count > 1, random.chance(perMille: plan.reordering) {
                    pieces.swapAt(pieces.count - 1, pieces.count - 2)
                }
            }
        }
        return pieces
    }

    func send(_ item: Link.Item, on link: Link, from side: Int) {
        var delay = random.draw(settings.network.delay)
        if random.chance(perMille: settings.network.spikes) {
            delay += random.draw(settings.network.spike)
        }
        let arrival = max(link.arrivals[side], now + delay)
        link.arrivals[side] = arrival
        link.underway[side].append(item)
        at(arrival) { world in world.arrive(link, from: side) }
    }

    private func arrive(_ link: Link, from side: Int) {
        guard !isBlocked(link, from: side), link.held[side] == 0, link.stalledUntil <= now else {
            link.held[side] += 1
            return
        }
        deliver(link, side)
    }

    private func deliver(_ link: Link, _ side: Int) {
        guard let item = link.underway[side].popFirst() else { return }
        let other = 1 - side
        guard !link.isClosed[other] else { return }
        switch link.ends[other] {
        case .client(let client, let epoch): deliver(item, to: client, epoch, link)
        case .node(let place, let epoch, let connection):
            guard machines[place].epoch == epoch else { return }
            if case .end = item { link.isClosed[other] = true }
            whenAwake(place) { world in
                guard world.machines[place].core != nil, world.machines[place].epoch == epoch else {
                    return
                }
                switch item {
                case .opened: world.handle(place, .dialed(connection))
                case .bytes(let bytes):
                    if link.isLane, let from = link.ends[side].node {
                        world.machines[place].heard[from] = world.now
                    }
                    world.receive(place, connection, bytes)
                case .end(let wasReset):
                    world.machines[place].links[connection.rawValue] = nil
                    world.handle(place, .closed(connection, wasReset: wasReset))
                }
            }
        }
        if link.isOver { removeClosedLinks() }
    }

    private func deliver(_ item: Link.Item, to client: SimClient, _ epoch: Int, _ link: Link) {
        guard client.epoch == epoch else { return }
        switch item {
        case .opened: break
        case .bytes(let bytes): client.receive(bytes, self)
        case .end:
            link.isClosed = [true, true]
            client.lostConnection(self)
        }
    }

    // MARK: The end of a connection

    func close(_ place: Int, _ connection: ConnectionID) {
        guard let (link, side) = machines[place].links[connection.rawValue], !link.isClosed[side]
        else { return }
        link.isClosed[side] = true
        send(.end(wasReset: false), on: link, from: side)
        onMachine(place, after: random.draw(10_000...100_000)) { world, machine in
            machine.links[connection.rawValue] = nil
            world.handle(place, .closed(connection, wasReset: false))
        }
    }

    /// A client closes its connection.
    func close(_ link: Link) {
        guard !link.isClosed[0] else { return }
        link.isClosed[0] = true
        send(.end(wasReset: false), on: link, from: 0)
    }

    /// The process at one end is gone.
    ///
    /// The other ends hear a reset, or nothing at all if the power is gone: then they hear it when
    /// the machine is back and does not know the connection.
    func resetLinks(of place: Int) {
        let epoch = machines[place].epoch
        for link in links {
            for side in 0...1 {
                guard case .node(place, let old, _) = link.ends[side], old != epoch,
                    !link.isClosed[side]
                else { continue }
                link.isClosed[side] = true
                send(.end(wasReset: true), on: link, from: side)
            }
        }
        removeClosedLinks()
    }

    /// Both ends hear a reset.
    func reset(_ link: Link) {
        for side in 0...1 where !link.isClosed[1 - side] {
            send(.end(wasReset: true), on: link, from: side)
        }
    }

    private func removeClosedLinks() { links.removeAll { $0.isOver } }
}
