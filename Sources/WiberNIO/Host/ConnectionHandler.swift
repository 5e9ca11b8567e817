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

    private let host: ShardHost
    private let connection: ConnectionID
    private let origin: Origin
    private var wasReset = false

    init(host: ShardHost, connection: ConnectionID, origin: Origin) {
        self.host = host
        self.connection = connection
        self.origin = origin
    }

    func channelActive(context: ChannelHandlerContext) {
        let address = context.remoteAddress.map { "\($0)" } ?? "unknown"
        host.opened(connection, context.channel, origin, address)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        unwrapInboundIn(data).withUnsafeReadableBytes { host.received(connection, $0) }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        host.writable(connection, context.channel.isWritable)
        context.fireChannelWritabilityChanged()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        wasReset = true
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        host.closed(connection, wasReset: wasReset)
        context.fireChannelInactive()
    }
}
