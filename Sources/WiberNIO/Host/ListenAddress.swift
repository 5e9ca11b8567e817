import Glibc
import NIOCore

/// Where to listen.
public struct ListenAddress: Sendable, CustomStringConvertible {
    /// Who connects there.
    public enum Purpose: Sendable {
        /// Clients.
        case clients
        /// The other nodes of the cluster.
        case nodes
        /// Browsers and monitoring.
        case http

        /// The key of a node's port in the configuration.
        var key: String {
            switch self {
            case .clients: "port"
            case .nodes: "rpc_port"
            case .http: "http_port"
            }
        }
    }

    /// The address to bind.
    public var host: String
    /// The port to bind; 0 for one that is free.
    public var port: Int
    /// Who connects there.
    public var purpose: Purpose

    /// Where to listen.
    public init(host: String, port: Int, purpose: Purpose = .clients) {
        self.host = host
        self.port = port
        self.purpose = purpose
    }

    /// `host:port`.
    public var description: String { "\(host):\(port)" }
}

/// Why a port cannot be had.
public struct ListenError: Error, CustomStringConvertible {
    /// Which one.
    public var address: ListenAddress
    /// What is wrong, and what to do.
    public var description: String

    /// A port that cannot be had, because of what the system said.
    public init(address: ListenAddress, cause: any Error) {
        self.address = address
        let key = address.purpose.key
        description =
            switch (cause as? IOError)?.errnoCode {
            case EADDRINUSE:
                "port \(address.port) of \(address.host) is in use by another program: stop that "
                    + "one, or give this node another `\(key)`"
            case EACCES:
                "port \(address.port) of \(address.host) may not be opened by this user: give "
                    + "this node a `\(key)` from 1024 on"
            case EADDRNOTAVAIL:
                "\(address.host) is not an address of this machine, so port \(address.port) "
                    + "cannot be opened: set the node's `listen` to one that is, or to 0.0.0.0"
            default:
                "cannot listen on \(address) (`\(key)`): \(cause); check the node's `host`, "
                    + "`listen` and `\(key)`"
            }
    }
}
