import WiberBase
import WiberSubject
import WiberWire

/// Interest and messages between nodes: each node tells the others what its clients want, and gets
/// only that.
extension ShardCore {
    // MARK: Interest

    /// Tells a node all that this node's clients want: its lane has just opened.
    func sendInterest(to place: Int) {
        sendChanges(
            nats.own.keys.sorted().map {
                InterestChange(isWanted: true, subject: $0.subject, queue: $0.queue)
            },
            to: place
        )
    }

    private func sendChanges(_ changes: [InterestChange], to place: Int) {
        var frame: [InterestChange] = []
        var length = 0
        for change in changes {
            if length + change.encodedLength > InterestChange.frameBytes {
                sendFrame(.interest(frame), to: place)
                frame = []
                length = 0
            }
            frame.append(change)
            length += change.encodedLength
        }
        if !frame.isEmpty { sendFrame(.interest(frame), to: place) }
    }

    func receiveInterest(_ changes: [InterestChange], from node: NodeID) {
        guard let place = place(of: node) else { return }
        for change in changes { nats.change(change, ofPeer: place) }
    }

    /// A node's lane has ended: what its clients want is not known any more.
    func forgetInterest(of node: NodeID) {
        guard let place = place(of: node) else { return }
        nats.forget(peer: place)
    }

    // MARK: Messages

    /// Puts a message into the buffers of the nodes that are marked in `nats.routes`.
    func send(_ message: NATSPublish, from sender: NATSClient?) {
        for place in nats.routes.indices where nats.routes[place].isWanted {
            var routed = RoutedMessage(
                message: message,
                isPlain: nats.routes[place].isPlain,
                queues: []
            )
            var length = 0
            for queue in nats.routes[place].queues {
                if length + queue.count > RoutedMessage.queueBytesMax
                    || routed.queues.count >= RoutedMessage.queuesMax
                {
                    append(routed, to: place)
                    routed.isPlain = false
                    routed.queues = []
                    length = 0
                }
                routed.queues.append(queue)
                length += queue.count
            }
            append(routed, to: place)
            nats.routes[place].isPlain = false
            nats.routes[place].queues.removeAll()
            if let sender, peers[place].openLane != nil, !peers[place].isWritable { stall(sender) }
        }
    }

    private func append(_ routed: RoutedMessage, to place: Int) {
        guard peers[place].openLane != nil else {
            counters.natsRoutedLost += 1
            return
        }
        if nats.routes[place].out.count + routed.encodedLength > Self.routedFrameBytes {
            flushRoute(place)
        }
        routed.encode(into: &nats.routes[place].out)
        counters.natsRouted += 1
    }

    /// More than the longest message, and less than the longest frame.
    private static let routedFrameBytes = 2 << 20

    private func flushRoute(_ place: Int) {
        guard !nats.routes[place].out.isEmpty else { return }
        let messages = nats.routes[place].out
        nats.routes[place].out = []
        guard peers[place].openLane != nil else { return }
        sendFrame(.routed(messages), to: place)
    }

    /// Sends what the turn has for other nodes.
    func flushRoutes() {
        if !nats.changes.isEmpty {
            let changes = nats.changes
            nats.changes = []
            for place in peers.indices where peers[place].openLane != nil {
                sendChanges(changes, to: place)
            }
        }
        for place in nats.routes.indices { flushRoute(place) }
    }

    func receiveRouted(_ messages: [UInt8], from node: NodeID) {
        messages.withUnsafeBytes { bytes in
            var reader = ByteReader(bytes)
            while reader.remaining > 0 {
                guard let routed = try? RoutedMessage.decode(&reader) else {
                    counters.badFrames += 1
                    return
                }
                deliver(routed)
            }
        }
    }

    // MARK: A lane that is full

    /// Reads nothing more from a client until the lanes have room.
    private func stall(_ client: NATSClient) {
        guard !client.isStalled, !client.isClosing else { return }
        client.isStalled = true
        counters.readingPauses += 1
        nats.stalled.append(client)
        if !client.isHeld { emit(.setReading(client.connection, false)) }
    }

    /// The same, if what a client does makes frames for every node.
    func stallIfLanesAreFull(_ client: NATSClient) {
        if !haveLanesRoom { stall(client) }
    }

    private var haveLanesRoom: Bool { peers.allSatisfy { $0.openLane == nil || $0.isWritable } }

    /// Goes on with those that waited, if no lane is full.
    func resumeStalled() {
        guard !nats.stalled.isEmpty, haveLanesRoom else { return }
        let stalled = nats.stalled
        nats.stalled = []
        for client in stalled {
            client.isStalled = false
            guard !client.isClosing, !client.isHeld else { continue }
            emit(.setReading(client.connection, true))
        }
    }
}
