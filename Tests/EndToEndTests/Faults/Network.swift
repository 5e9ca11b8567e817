import Foundation

/// Network namespaces of their own: one a node, one for the clients, and one with the switch that
/// joins them and drops what it is told to.
///
/// The addresses exist only there; nothing of it is in this process's own namespace.
final class Network {
    /// A direction between two nodes, by their places.
    struct Link: Hashable {
        let from: Int
        let to: Int
    }

    let sites: [Site]
    private let names: [String]
    private let hub: String

    /// Makes the namespaces of `count` nodes.
    init(nodes count: Int) throws {
        try Tool.requireRoot(for: "tests with networks of their own")
        Leftovers.removeAll()
        let name = Leftovers.newName()
        hub = "\(name)-switch"
        names = (0..<count).map { "\(name)-n\($0 + 1)" } + ["\(name)-clients"]
        let clients = "/run/netns/\(name)-clients"
        sites = names.dropLast().enumerated().map { place, name in
            Site(address: Self.address(place), namespace: "/run/netns/\(name)", clients: clients)
        }
        try Tool.run(["ip", "netns", "add", hub])
        try Tool.run(["ip", "-n", hub, "link", "add", "bridge", "type", "bridge"])
        try Tool.run(["ip", "-n", hub, "link", "set", "bridge", "up"])
        for (place, name) in names.enumerated() { try plug(name, place) }
    }

    deinit {
        for name in names + [hub] { _ = try? Tool.run(["ip", "netns", "delete", name]) }
    }

    /// Drops every packet in these directions and lets all others pass.
    func cut(_ links: Set<Link>) throws {
        let rules = links.sorted { ($0.from, $0.to) < ($1.from, $1.to) }.map {
            "iifname \"p\($0.from)\" oifname \"p\($0.to)\" drop\n"
        }
        let table = """
            table bridge wiber
            delete table bridge wiber
            table bridge wiber { chain partition {
            type filter hook forward priority 0; policy accept;
            \(rules.joined())}
            }

            """
        try Tool.run(["ip", "netns", "exec", hub, "nft", "-f", "-"], input: table)
    }

    func heal() throws { try cut([]) }

    /// A namespace with one interface whose other end is port `p<place>` of the switch.
    private func plug(_ name: String, _ place: Int) throws {
        let port = "p\(place)"
        try Tool.run(["ip", "netns", "add", name])
        try Tool.run(
            ["ip", "-n", hub, "link", "add", port, "type", "veth"]
                + ["peer", "name", "eth0", "netns", name]
        )
        try Tool.run(["ip", "-n", hub, "link", "set", port, "master", "bridge", "up"])
        try Tool.run([
            "ip", "-n", name, "address", "add", Self.address(place) + "/24", "dev", "eth0",
        ])
        for interface in ["eth0", "lo"] {
            try Tool.run(["ip", "-n", name, "link", "set", interface, "up"])
        }
    }

    private static func address(_ place: Int) -> String { "10.77.77.\(place + 1)" }
}
