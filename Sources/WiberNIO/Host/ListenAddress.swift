/// Where to listen.
public struct ListenAddress: Sendable, CustomStringConvertible {
    /// The address to bind.
    public var host: String
    /// The port to bind.
    public var port: Int
    /// Where to listen.
    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }
    /// `host:port`.
    public var description: String { "\(host):\(port)" }
}

/// Why a port cannot be had.
public struct ListenError: Error, CustomStringConvertible {
    /// Which one.
    public var address: ListenAddress
    /// What the system says.
    public var reason: String
    /// A port that cannot be had.
    public init(address: ListenAddress, reason: String) {
        self.address = address
        self.reason = reason
    }

    /// What is wrong, and what to do.
    public var description: String {
        "cannot listen on \(address): \(reason); if another program has port \(address.port), "
            + "stop it, or choose another port"
    }
}
