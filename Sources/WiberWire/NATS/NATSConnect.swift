import WiberBase

/// What a client says of itself, and how it wants to be treated.
public struct NATSConnect: Equatable, Sendable {
    /// Whether each operation is answered with `+OK`.
    public var isVerbose = true
    /// Whether subjects of publishes are checked.
    public var isPedantic = true
    /// Whether it gets what it publishes itself.
    public var echoes = true
    /// Whether it takes and sends headers.
    public var hasHeaders = false
    /// Whether a request that nobody hears is answered at once.
    public var wantsNoResponders = false
    /// 1: it takes INFO at any time.
    public var protocolVersion: Int64 = 0
    /// What it calls itself.
    public var name = ""
    /// The language of its library.
    public var language = ""
    /// The version of its library.
    public var version = ""

    /// What a client is that says nothing.
    public init() {}

    /// Reads the JSON of CONNECT.
    ///
    /// - Throws: ``NATSFailure``: the connection ends.
    public init(_ json: UnsafeRawBufferPointer) throws(NATSFailure) {
        try update(json)
    }

    /// Reads the JSON of another CONNECT: what it does not say stays as it was.
    ///
    /// Unknown fields are passed over; the kinds of those that nats-server knows must be right.
    ///
    /// - Throws: ``NATSFailure``: the connection ends.
    public mutating func update(_ json: UnsafeRawBufferPointer) throws(NATSFailure) {
        var hasAccount = false
        var isAccountNew = false
        var reader = JSONReader(json)
        do throws(JSONError) {
            try reader.object { (name, reader) throws(JSONError) in
                switch name.lowercased() {
                case "verbose": if let flag = try reader.flag() { isVerbose = flag }
                case "pedantic": if let flag = try reader.flag() { isPedantic = flag }
                case "echo": if let flag = try reader.flag() { echoes = flag }
                case "headers": if let flag = try reader.flag() { hasHeaders = flag }
                case "no_responders": if let flag = try reader.flag() { wantsNoResponders = flag }
                case "protocol":
                    if let number = try reader.integer() { protocolVersion = number }
                case "name": if let text = try reader.text() { self.name = text }
                case "lang": if let text = try reader.text() { language = text }
                case "version": if let text = try reader.text() { version = text }
                case "user", "pass", "auth_token", "nkey", "jwt", "sig", "proxy_sig",
                    "remote_account":
                    _ = try reader.text()
                case "tls_required": _ = try reader.flag()
                case "account": if let text = try reader.text() { hasAccount = !text.isEmpty }
                case "new_account": if let flag = try reader.flag() { isAccountNew = flag }
                default: try reader.skip()
                }
            }
            try reader.end()
        } catch {
            throw .silent
        }
        guard protocolVersion == 0 || protocolVersion == 1 else { throw .clientProtocol }
        guard !hasAccount, !isAccountNew else { throw .authorization }
        guard hasHeaders || !wantsNoResponders else { throw .noRespondersWithoutHeaders }
    }
}
