import Glibc
import NIOCore
import NIOPosix
import WiberBase
import WiberNode

/// Sockets: those that others open, and those that the shard asks for.
extension ShardHost {
    // MARK: Accepting

    func listen(
        _ address: ListenAddress,
        _ origin: ConnectionHandler.Origin
    ) async throws(ListenError) -> Int {
        let bootstrap = ServerBootstrap(group: loop)
            .serverChannelOption(.backlog, value: 1_024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            .childChannelOption(.socketOption(.so_keepalive), value: 1)
            .childChannelOption(Self.tcp(TCP_KEEPIDLE), value: 60)
            .childChannelOption(Self.tcp(TCP_KEEPINTVL), value: 15)
            .childChannelOption(Self.tcp(TCP_KEEPCNT), value: 4)
            .childChannelOption(.allowRemoteHalfClosure, value: origin == .client)
            .childChannelOption(.writeBufferWaterMark, value: Self.clientWaterMark)
            .childChannelOption(.recvAllocator, value: Self.receiveAllocator)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try self.accept(channel, origin) }
            }
        do {
            let channel = try await bootstrap.bind(host: address.host, port: address.port).get()
            try await loop.submit {
                switch origin {
                case .client: self.clientListeners.append(channel)
                case .peer, .dialed: self.listeners.append(channel)
                }
            }.get()
            return channel.localAddress?.port ?? address.port
        } catch {
            throw ListenError(address: address, cause: error)
        }
    }

    private static let clientWaterMark = ChannelOptions.Types.WriteBufferWaterMark(
        low: 256 << 10,
        high: 1 << 20
    )
    private static let laneWaterMark = ChannelOptions.Types.WriteBufferWaterMark(
        low: 4 << 20,
        high: 16 << 20
    )
    private static let receiveAllocator = AdaptiveRecvByteBufferAllocator(
        minimum: 1_024,
        initial: 4_096,
        maximum: 256 << 10
    )

    private static func tcp(_ option: Int32) -> ChannelOptions.Types.SocketOption {
        ChannelOptions.Types.SocketOption(
            level: .tcp,
            name: NIOBSDSocket.Option(rawValue: option)
        )
    }

    private func accept(_ channel: any Channel, _ origin: ConnectionHandler.Origin) throws {
        let isAccepted =
            switch origin {
            case .client: clientCount < clientsMax
            case .peer: peerCount < Self.peerConnectionsMax
            case .dialed: true
            }
        guard isAccepted else {
            refused()
            throw ChannelError.operationUnsupported
        }
        let connection = ConnectionID(rawValue: nextConnection)
        nextConnection += 2
        try channel.pipeline.syncOperations.addHandler(
            ConnectionHandler(host: self, connection: connection, origin: origin)
        )
    }

    /// Counts a connection that is one too many; the log hears of it every ten seconds at most.
    private func refused() {
        refusedCount += 1
        let now = Self.time.now
        if let last = refusalToldAt, now.since(last) < .seconds(10) { return }
        refusalToldAt = now
        callbacks.trace(
            TraceEvent(
                level: .warning,
                message: "connection refused: too many; raise `ulimit -n` or close some",
                metadata: [("limit", "\(clientsMax)"), ("refused_so_far", "\(refusedCount)")]
            )
        )
    }

    // MARK: Dialling

    func dial(_ connection: ConnectionID, _ host: String, _ port: Int) {
        dialing.insert(connection)
        ClientBootstrap(group: loop)
            .connectTimeout(.seconds(1))
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            // What the other node's machine does not confirm for so long is not coming: without
            // this, the kernel tries again ever more rarely, long after a partition has healed.
            .channelOption(Self.tcp(TCP_USER_TIMEOUT), value: 5_000)
            .channelOption(.writeBufferWaterMark, value: Self.laneWaterMark)
            .channelOption(.recvAllocator, value: Self.receiveAllocator)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        ConnectionHandler(host: self, connection: connection, origin: .dialed)
                    )
                }
            }
            .connect(host: host, port: port)
            .whenFailure { error in
                guard self.dialing.remove(connection) != nil else { return }
                self.handle(.dialFailed(connection, reason: Self.reason(error)))
            }
    }

    /// An error of the network in a few words.
    private static func reason(_ error: any Error) -> String {
        if let error = error as? IOError { return String(cString: strerror(error.errnoCode)) }
        guard let error = error as? NIOConnectionError else { return "\(error)" }
        if let single = error.connectionErrors.first { return reason(single.error) }
        return "the name \(error.host) has no address"
    }

    // MARK: What happens to a connection

    func opened(_ handler: ConnectionHandler, address: String) {
        let connection = handler.connection
        switch handler.origin {
        case .client:
            clientCount += 1
            connections[connection] = handler
            handle(.clientOpened(connection, address: address))
        case .peer:
            peerCount += 1
            connections[connection] = handler
            handle(.peerAccepted(connection, address: address))
        case .dialed:
            guard dialing.remove(connection) != nil else {
                // The shard has given it up in the meantime.
                handler.channel?.close(promise: nil)
                return
            }
            connections[connection] = handler
            handle(.dialed(connection))
        }
        trace("connection opened", connection, address)
    }

    func received(_ connection: ConnectionID, _ bytes: UnsafeRawBufferPointer) {
        loop.assertInEventLoop()
        var rest = bytes
        while !rest.isEmpty, connections[connection] != nil {
            let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(Self.pieceBytes))
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(piece.count))
            core.receive(connection, piece, at: Self.time)
            if core.hasMuchToSend { runTurn() }
        }
        scheduleTurn()
    }

    func closed(_ handler: ConnectionHandler, wasReset: Bool) {
        guard connections.removeValue(forKey: handler.connection) != nil else { return }
        switch handler.origin {
        case .client: clientCount -= 1
        case .peer: peerCount -= 1
        case .dialed: break
        }
        handle(.closed(handler.connection, wasReset: wasReset))
        trace("connection closed", handler.connection, nil)
    }

    func close(_ connection: ConnectionID) {
        dialing.remove(connection)
        connections[connection]?.close()
    }

    private func trace(_ message: StaticString, _ connection: ConnectionID, _ address: String?) {
        guard callbacks.tracesConnections else { return }
        let metadata = [("connection", "\(connection)")] + (address.map { [("address", $0)] } ?? [])
        callbacks.trace(TraceEvent(level: .debug, message: message, metadata: metadata))
    }
}
