import Glibc

/// Where a node runs and its clients reach it: an address, in a network namespace of its own or in
/// this process's.
struct Site: Sendable {
    static let loopback = Site(address: "127.0.0.1", namespace: nil, clients: nil)

    let address: String
    /// The file that names the node's network namespace.
    let namespace: String?
    /// The file that names the namespace of the node's clients.
    let clients: String?

    /// What a program is started with so that it runs there; it becomes the program.
    var launcher: [String] {
        namespace.map { ["/usr/bin/nsenter", "--net=\($0)", "--"] } ?? []
    }

    /// Runs `body` in the clients' namespace: a socket stays in the one in which it was made.
    func inside<Result>(_ body: () -> Result) throws -> Result {
        guard let clients else { return body() }
        let own = try Self.openNamespace("/proc/thread-self/ns/net")
        defer { close(own) }
        let other = try Self.openNamespace(clients)
        defer { close(other) }
        try Self.enter(other)
        let result = body()
        try Self.enter(own)
        return result
    }

    private static func openNamespace(_ path: String) throws -> Int32 {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemError(call: "open \(path)") }
        return descriptor
    }

    private typealias SetNamespace = @convention(c) (Int32, Int32) -> Int32

    /// The calling thread's network namespace; the C library hides `setns` from Swift.
    private static func enter(_ descriptor: Int32) throws {
        guard let symbol = dlsym(dlopen(nil, RTLD_NOW), "setns") else {
            throw SystemError(call: "find setns", number: ENOSYS)
        }
        // SAFETY: this is its prototype in sched.h.
        let setNamespace = unsafeBitCast(symbol, to: SetNamespace.self)
        let networkOnly: Int32 = 0x4000_0000
        guard setNamespace(descriptor, networkOnly) == 0 else {
            throw SystemError(call: "setns")
        }
    }
}

/// Where clients connect.
struct Endpoint: Sendable {
    let site: Site
    let port: Int
}
