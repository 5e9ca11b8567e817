public import WiberBase

/// Asks the leader of a group to put a command into its log; asking again changes nothing more.
public struct CommandRequest: Sendable, Equatable {
    /// The most bytes of a command.
    public static let lengthMax = (2 << 20) + 4_096

    /// Names the request, among those of the sender.
    public var request: UInt64
    /// The group: meta, or a topic.
    public var group: GroupID
    /// The command, opaque here.
    public var command: [UInt8]
    /// A request.
    public init(request: UInt64, group: GroupID, command: [UInt8]) {
        self.request = request
        self.group = group
        self.command = command
    }

    func encode(into bytes: inout [UInt8]) {
        bytes.appendInteger(request)
        bytes.appendInteger(group.rawValue)
        bytes.appendBlob(command)
    }

    static func decode(_ reader: inout ByteReader) throws(CodecError) -> CommandRequest {
        CommandRequest(
            request: try reader.integer(),
            group: try reader.identifier(),
            command: try reader.blob(limit: lengthMax)
        )
    }
}

/// What became of a ``CommandRequest``.
public struct CommandReply: Sendable, Equatable {
    /// What is known of it.
    public enum Status: UInt8, Sendable {
        /// It is committed, and applied by the leader.
        case done = 1
        /// It would change nothing; the text says why.
        case refused = 2
        /// It was not begun: the receiver does not lead, or is busy.
        case notNow = 3
        /// The leader changed: nobody knows.
        case unknown = 4
    }

    /// Which request.
    public var request: UInt64
    /// What is known.
    public var status: Status
    /// The entry that has the command; zero unless it is done.
    public var index: LogIndex
    /// The same for people.
    public var text: String
    /// An answer.
    public init(request: UInt64, status: Status, index: LogIndex = .zero, text: String = "") {
        self.request = request
        self.status = status
        self.index = index
        self.text = text
    }

    func encode(into bytes: inout [UInt8]) {
        bytes.appendInteger(request)
        bytes.append(status.rawValue)
        bytes.appendInteger(index.rawValue)
        bytes.appendString(text)
    }

    static func decode(_ reader: inout ByteReader) throws(CodecError) -> CommandReply {
        let request = try reader.integer(UInt64.self)
        let code = try reader.integer(UInt8.self)
        guard let status = Status(rawValue: code) else {
            throw .invalid(field: "status", value: UInt64(code))
        }
        return CommandReply(
            request: request,
            status: status,
            index: try reader.identifier(),
            text: try reader.string(limit: 4_096)
        )
    }
}
