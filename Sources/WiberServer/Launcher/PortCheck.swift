import Glibc
import WiberNode

/// A port of the configuration that another program has.
public struct PortInUse: Error, CustomStringConvertible {
    /// One line a port.
    public var lines: [String]
    /// What is wrong, and what to do.
    public var description: String { lines.joined(separator: "\n") }
}

/// Finds ports in use before any node is started.
enum PortCheck {
    /// - Throws: ``PortInUse`` with all of them.
    static func check(_ nodes: [NodeAddress]) throws(PortInUse) {
        var lines: [String] = []
        for node in nodes {
            let ports = [
                ("clients", node.port), ("nodes", node.rpcPort ?? 0), ("HTTP", node.httpPort),
            ]
            for (what, port) in ports where port > 0 && isInUse(port) {
                lines.append(
                    "port \(port) (\(what) of \(node.name)) is in use by another program: stop it, "
                        + "or give another port in the configuration"
                )
            }
        }
        guard lines.isEmpty else { throw PortInUse(lines: lines) }
    }

    /// Whether some address of this machine has a listener there.
    ///
    /// What else may be wrong with a port, the node itself says better.
    private static func isInUse(_ port: Int) -> Bool {
        let descriptor = socket(
            AF_INET,
            Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue),
            0
        )
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var isOn: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &isOn, 4)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(clamping: port)).bigEndian
        address.sin_addr.s_addr = 0
        let code = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        return code != 0 && errno == EADDRINUSE
    }
}
