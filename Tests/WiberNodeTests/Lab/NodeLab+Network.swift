import WiberBase
import WiberNode

/// The lab's network: FIFO connections with delays, cuts that hold bytes back, resets.
extension NodeLab {
    // MARK: What tests do

    /// Connects a client to a node; a node that is down closes at once.
    func connect(to place: Int) -> LabClient {
        let client = LabClient(name: "c\(nextClient())", node: place)
        let machine = machines[place]
        guard machine.core != nil else {
            client.isClosed = true
            return client
        }
        let connection = accept(machine)
        let link = Link(
            dialer: .client(client),
            acceptor: .node(place, epoch: machine.epoch, connection)
        )
        client.link = link
        add(link)
        handle(place, .clientOpened(connection, address: client.name))
        return client
    }

    /// Sends requests, one a line.
    func ask(_ client: LabClient, _ requests: String...) { ask(client, requests) }

    func ask(_ client: LabClient, _ requests: [String]) {
        client.requests += requests
        send(client, Array(requests.map { $0 + "\r\n" }.joined().utf8))
    }

    func send(_ client: LabClient, _ bytes: [UInt8]) {
        guard let link = client.link, !client.isClosed else { return }
        send(.bytes(bytes), on: link, from: 0)
    }

    func disconnect(_ client: LabClient) {
        guard let link = client.link, !client.isClosed else { return }
        client.isClosed = true
        link.isClosed[0] = true
        send(.end(wasReset: false), on: link, from: 0)
    }

    /// Lets nothing pass between two machines; their connections stay, and hold what is sent.
    func cut(_ one: Int, _ other: Int) {
        setCuts(cuts.union([[min(one, other), max(one, other)]]))
    }

    /// Cuts a machine off from all others.
    func isolate(_ place: Int) {
        for other in machines.indices where other != place { cut(place, other) }
    }

    /// Lets everything pass again, first what was held back.
    func heal() {
        setCuts([])
        for link in links {
            for side in 0...1 {
                let held = link.held[side]
                link.held[side] = []
                for item in held { arrive(item, on: link, from: side) }
            }
        }
    }

    /// Resets every connection between two machines.
    func resetLinks(between one: Int, _ other: Int) {
        for link in links where Set(link.ends.compactMap(\.node)) == [one, other] { reset(link) }
        removeClosedLinks()
    }

    /// Resets what one machine opened towards another.
    func resetLinks(from one: Int, to other: Int) {
        for link in links where link.ends.map(\.node) == [one, other] { reset(link) }
    }

    // MARK: Connections

    private func accept(_ machine: Machine) -> ConnectionID {
        defer { machine.nextConnection += 2 }
        return ConnectionID(rawValue: machine.nextConnection)
    }

    func isCut(_ one: Int, _ other: Int) -> Bool {
        cuts.contains([min(one, other), max(one, other)])
    }

    private func isCut(_ link: Link) -> Bool {
        let nodes = link.ends.compactMap(\.node)
        return nodes.count == 2 && isCut(nodes[0], nodes[1])
    }

    func dial(_ place: Int, _ connection: ConnectionID, _ port: Int) {
        let target = port % 1_000
        onMachine(place, after: microseconds(50...500)) { lab, machine in
            let other = lab.machines[target]
            guard other.core != nil, !lab.isCut(place, target) else {
                let isSilent = other.isSilent || lab.isCut(place, target)
                return lab.onMachine(place, after: isSilent ? .seconds(1) : .milliseconds(1)) {
                    lab,
                    _ in
                    let reason = isSilent ? "timed out" : "refused"
                    lab.handle(place, .dialFailed(connection, reason: reason))
                }
            }
            let accepted = lab.accept(other)
            let link = Link(
                dialer: .node(place, epoch: machine.epoch, connection),
                acceptor: .node(target, epoch: other.epoch, accepted)
            )
            lab.add(link)
            lab.handle(
                target,
                port < 5_000
                    ? .clientOpened(accepted, address: machine.name)
                    : .peerAccepted(accepted, address: machine.name)
            )
            lab.send(.opened, on: link, from: 1)
        }
    }

    private func find(_ place: Int, _ connection: ConnectionID) -> (link: Link, side: Int)? {
        let epoch = machines[place].epoch
        for link in links {
            for side in 0...1 {
                if case .node(place, epoch, connection) = link.ends[side] { return (link, side) }
            }
        }
        return nil
    }

    func write(_ place: Int, _ connection: ConnectionID, _ bytes: [UInt8]) {
        guard let (link, side) = find(place, connection), !link.isClosed[side] else { return }
        send(.bytes(bytes), on: link, from: side)
    }

    func close(_ place: Int, _ connection: ConnectionID) {
        guard let (link, side) = find(place, connection), !link.isClosed[side] else { return }
        link.isClosed[side] = true
        send(.end(wasReset: false), on: link, from: side)
        onMachine(place, after: microseconds(10...100)) { lab, _ in
            lab.handle(place, .closed(connection, wasReset: false))
        }
    }

    private func send(_ item: Link.Item, on link: Link, from side: Int) {
        let arrival = max(link.arrivals[side], now + microseconds(20...1_000))
        link.arrivals[side] = arrival
        after(arrival.since(now)) { lab in lab.arrive(item, on: link, from: side) }
    }

    private func arrive(_ item: Link.Item, on link: Link, from side: Int) {
        guard !isCut(link), link.held[side].isEmpty else { return link.held[side].append(item) }
        let other = 1 - side
        guard !link.isClosed[other] else { return }
        switch link.ends[other] {
        case .client(let client):
            switch item {
            case .opened: break
            case .bytes(let bytes): client.receive(bytes)
            case .end:
                client.isClosed = true
                link.isClosed[other] = true
            }
        case .node(let place, let epoch, let connection):
            guard machines[place].epoch == epoch, machines[place].core != nil else { return }
            switch item {
            case .opened: handle(place, .dialed(connection))
            case .bytes(let bytes): receive(place, connection, bytes)
            case .end(let wasReset):
                link.isClosed[other] = true
                handle(place, .closed(connection, wasReset: wasReset))
            }
        }
        if link.isClosed[0], link.isClosed[1] { removeClosedLinks() }
    }

    /// The process at one end is gone: the other end hears of it, unless the line is cut.
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
        machines[place].isSilent = machines[place].core == nil && machines[place].isSilent
    }

    private func reset(_ link: Link) {
        for side in 0...1 where !link.isClosed[side] {
            send(.end(wasReset: true), on: link, from: 1 - side)
        }
    }
}
