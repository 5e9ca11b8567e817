public import WiberBase

/// What a topic's leader is asked to do with its messages.
///
/// The first byte is the format's version, the second says which command; then its fields,
/// little-endian.
public enum TopicCommand: Equatable, Sendable {
    /// The messages before a sequence go; all that there are if the topic does not reach so far.
    case purge(before: Sequence)
    /// All but the newest messages go.
    case keep(newest: UInt64)
    /// Messages of some subjects go.
    case purgeSubject(SubjectPurge)
    /// One message goes.
    case remove(Sequence)
    /// One message goes, if it is there, and each replica erases its body.
    case erase(Sequence)
    /// A block of the backup that the topic is being restored from.
    case importBlock([UInt8])

    private static let version: UInt8 = 1

    private enum Tag: UInt8 {
        case purge = 1
        case keep = 2
        case purgeSubject = 3
        case remove = 4
        case erase = 5
        case importBlock = 20
    }

    /// The command's bytes.
    public var encoded: [UInt8] {
        var bytes: [UInt8] = [Self.version]
        switch self {
        case .purge(let before):
            bytes.append(Tag.purge.rawValue)
            bytes.appendInteger(before.rawValue)
        case .keep(let count):
            bytes.append(Tag.keep.rawValue)
            bytes.appendInteger(count)
        case .purgeSubject(let purge):
            bytes.append(Tag.purgeSubject.rawValue)
            bytes.appendInteger(purge.before.rawValue)
            bytes.appendInteger(purge.keep)
            bytes += purge.pattern
        case .remove(let sequence):
            bytes.append(Tag.remove.rawValue)
            bytes.appendInteger(sequence.rawValue)
        case .erase(let sequence):
            bytes.append(Tag.erase.rawValue)
            bytes.appendInteger(sequence.rawValue)
        case .importBlock(let block):
            bytes.append(Tag.importBlock.rawValue)
            bytes += block
        }
        return bytes
    }

    /// Reads a command.
    ///
    /// - Throws: ``CodecError`` for a version, a command or a field that this code does not know.
    public static func decode(_ bytes: [UInt8]) throws(CodecError) -> TopicCommand {
        var result: Result<TopicCommand, CodecError> = .failure(.truncated(offset: 0))
        bytes.withUnsafeBytes { raw in
            var reader = ByteReader(raw)
            do throws(CodecError) {
                result = .success(try decode(&reader))
            } catch {
                result = .failure(error)
            }
        }
        return try result.get()
    }

    private static func decode(_ reader: inout ByteReader) throws(CodecError) -> TopicCommand {
        let version = try reader.integer(UInt8.self)
        guard version == Self.version else {
            throw .invalid(field: "version", value: UInt64(version))
        }
        let number = try reader.integer(UInt8.self)
        guard let tag = Tag(rawValue: number) else {
            throw .invalid(field: "command", value: UInt64(number))
        }
        let command: TopicCommand
        switch tag {
        case .purge: command = .purge(before: try reader.identifier())
        case .keep: command = .keep(newest: try reader.integer())
        case .purgeSubject:
            let before = try reader.identifier(Sequence.self)
            let keep = try reader.integer(UInt64.self)
            let pattern = Array(try reader.slice(reader.remaining))
            command = .purgeSubject(SubjectPurge(pattern: pattern, before: before, keep: keep))
        case .remove: command = .remove(try reader.identifier())
        case .erase: command = .erase(try reader.identifier())
        case .importBlock: command = .importBlock(Array(try reader.slice(reader.remaining)))
        }
        guard reader.remaining == 0 else {
            throw .invalid(field: "length", value: UInt64(reader.remaining))
        }
        return command
    }
}
