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

    /// How long a client may take to read the last reply and to close its side.
    static let lingerTime = TimeAmount.seconds(2)

    let connection: ConnectionID
    let origin: Origin
    /// Whether something was written since the last flush.
    var isUnflushed = false
    /// `nil` before the connection is open.
    private(set) var channel: (any Channel)?
    private(set) var isClosing = false
    private let host: ShardHost
    private var hasInputEnded = false
    private var wasReset = false

    init(host: ShardHost, connection: ConnectionID, origin: Origin) {
        self.host = host
        self.connection = connection
        self.origin = origin
    }

    func channelActive(context: ChannelHandlerContext) {
        channel = context.channel
        host.opened(self, address: context.remoteAddress.map { "\($0)" } ?? "unknown")
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isClosing else { return }
        unwrapInboundIn(data).withUnsafeReadableBytes { host.received(connection, $0) }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        host.handle(.writable(connection, context.channel.isWritable))
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event as? ChannelEvent == .inputClosed {
            hasInputEnded = true
            if isClosing {
                context.close(promise: nil)
            } else {
                host.handle(.inputEnded(connection))
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
    func write(_ bytes: [UInt8]) {
        guard !isClosing, let channel else { return }
        channel.write(channel.allocator.buffer(bytes: bytes), promise: nil)
    }

    /// Sends what was written.
    func flush() {
        isUnflushed = false
        channel?.flush()
    }

    /// Closes once what was written is out.
    ///
    /// A client that still sends is given ``lingerTime`` to stop: a socket that is closed with
    /// bytes unread resets the connection, and the reset may overtake the last reply. Nobody who
    /// does not read is waited for.
    func close() {
        guard !isClosing, let channel else { return }
        isClosing = true
        channel.flush()
        guard channel.isWritable else { return channel.close(promise: nil) }
        channel.eventLoop.scheduleTask(in: Self.lingerTime) { channel.close(promise: nil) }
        if origin == .client, !hasInputEnded {
            channel.close(mode: .output, promise: nil)
        } else {
            channel.writeAndFlush(channel.allocator.buffer(capacity: 0)).whenComplete { _ in
                channel.close(promise: nil)
            }
        }
    }
}
