import NIOCore
import WiberNode

/// Lends a connection's bytes to the shard; everything that decides is there.
final class ConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    /// How a connection came to be.
    enum Origin {
        case client
        case peer
        /// Dialled by the shard, which already knows it.
        case dialed
    }

    /// How long a client may take to close its side once it has all replies.
    static let lingerTime = TimeAmount.seconds(2)
    /// How long it may take to read what fills the buffer towards it.
    static let lastReadTime = TimeAmount.seconds(10)

    let connection: ConnectionID
    let origin: Origin
    /// Whether something was written since the last flush.
    var isUnflushed = false
    /// `nil` before the connection is open.
    private(set) var channel: (any Channel)?
    private(set) var isClosing = false
    private let host: ShardHost
    private var hasInputEnded = false
    /// Whether everything is out since ``close()``.
    private var isDrained = false
    private var unwritableSince: NIODeadline?
    private var wasReset = false

    init(host: ShardHost, connection: ConnectionID, origin: Origin) {
        self.host = host
        self.connection = connection
        self.origin = origin
    }

    func channelActive(context: ChannelHandlerContext) {
        channel = context.channel
        host.opened(self, address: context.remoteAddress.map(Self.text) ?? "unknown")
        context.fireChannelActive()
    }

    private static func text(_ address: SocketAddress) -> String {
        let host = address.ipAddress ?? "unknown"
        return (host.contains(":") ? "[\(host)]" : host) + ":\(address.port ?? 0)"
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isClosing else { return }
        unwrapInboundIn(data).withUnsafeReadableBytes { host.received(connection, $0) }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        unwritableSince = context.channel.isWritable ? nil : .now()
        host.handle(.writable(connection, context.channel.isWritable))
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event as? ChannelEvent == .inputClosed {
            hasInputEnded = true
            if !isClosing {
                host.handle(.inputEnded(connection))
            } else if isDrained {
                context.close(promise: nil)
            }
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        wasReset = true
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        host.closed(self, wasReset: wasReset)
        context.fireChannelInactive()
    }

    /// Writes without a flush.
    func write(_ buffer: ByteBuffer) {
        guard !isClosing, let channel else { return }
        channel.write(buffer, promise: nil)
    }

    /// Writes and sends; `buffer` is free again afterwards, unless the socket is full.
    func writeAndFlush(_ bytes: [UInt8], by buffer: inout ByteBuffer) {
        guard !isClosing, let channel else { return }
        buffer.clear(minimumCapacity: bytes.count)
        buffer.writeBytes(bytes)
        channel.writeAndFlush(buffer, promise: nil)
    }

    /// Sends what was written.
    func flush() {
        isUnflushed = false
        channel?.flush()
    }

    /// Closes once what was written is out, which may take ``lastReadTime`` for a client that reads.
    func close() {
        guard !isClosing, let channel else { return }
        isClosing = true
        channel.flush()
        let most = origin == .client ? Self.lastReadTime : Self.lingerTime
        let patience = unwritableSince.map { $0 + Self.lastReadTime - .now() } ?? most
        guard patience > .zero else { return channel.close(promise: nil) }
        let limit = channel.eventLoop.scheduleTask(in: patience) { channel.close(promise: nil) }
        channel.writeAndFlush(channel.allocator.buffer(capacity: 0)).assumeIsolated()
            .whenComplete { result in
                limit.cancel()
                // A connection that is gone, with its loop at the end of the process, needs no more.
                guard case .success = result, channel.isActive else { return }
                self.drained(channel)
            }
    }

    /// Everything is out: ends this side, and the other one's with it.
    ///
    /// A client that still sends is given ``lingerTime`` to stop: a socket that is closed with
    /// bytes unread resets the connection, and the reset may overtake the last reply.
    private func drained(_ channel: any Channel) {
        isDrained = true
        guard origin == .client, !hasInputEnded else { return channel.close(promise: nil) }
        channel.close(mode: .output, promise: nil)
        channel.eventLoop.scheduleTask(in: Self.lingerTime) { channel.close(promise: nil) }
    }
}
