import Foundation
import Glibc
public import WiberBackup

/// A backup that is read: a folder, or a stream.
public struct BackupSource {
    private enum Place {
        case folder(String)
        case stream(Int32)
    }

    private let place: Place
    /// What messages call it.
    public let path: String

    /// A folder, or `-` for standard input.
    public init(_ path: String) {
        place = path == "-" ? .stream(STDIN_FILENO) : .folder(path)
        self.path = path == "-" ? "standard input" : path
    }

    /// Whether it can be read again.
    public var isFolder: Bool {
        if case .folder = place { return true }
        return false
    }

    /// Gives every block of the backup, in order and checked, with its bytes; of one topic only, or
    /// all.
    ///
    /// - Throws: ``ClientError`` if the backup is not whole, or what `visit` throws.
    public func forEachBlock(
        of topic: String? = nil,
        _ visit: (BackupItem, ArraySlice<UInt8>) throws -> Void
    ) throws {
        do {
            switch place {
            case .folder(let folder): try visitFolder(folder, topic, visit)
            case .stream(let descriptor):
                var check = BackupCheck()
                try Self.visit(descriptor, path, &check, visit)
                guard check.isComplete else { throw BackupError.incomplete }
            }
        } catch let error as BackupError {
            throw ClientError.backup(path: path, error)
        }
    }

    private func visitFolder(
        _ folder: String,
        _ topic: String?,
        _ visit: (BackupItem, ArraySlice<UInt8>) throws -> Void
    ) throws {
        let contents = try contents(of: folder)
        for (place, entry) in contents.topics.enumerated() where topic ?? entry.name == entry.name {
            let path = folder + "/" + BackupFile.name(of: entry.name, place: place)
            do {
                var check = BackupCheck()
                try Self.open(path) { try Self.visit($0, path, &check, visit) }
                guard check.isBetweenTopics else { throw BackupError.incomplete }
                guard check.topics == [entry] else { throw BackupError.otherTopics }
            } catch let error as BackupError {
                throw ClientError.backup(path: path, error)
            }
        }
    }

    private func contents(of folder: String) throws -> ContentsBlock {
        let path = folder + "/" + BackupFile.contents
        guard access(path, F_OK) == 0 else {
            throw ClientError.file(
                path: path,
                reason:
                    "there is no such file, so that this is no whole backup: it was interrupted, or"
                    + " is elsewhere"
            )
        }
        var found: ContentsBlock?
        try Self.open(path) { descriptor in
            var splitter = BlockSplitter()
            while let piece = try Self.read(descriptor, path) {
                guard found == nil else { throw BackupError.tooMuch }
                splitter.append(piece)
                if let (block, _) = try splitter.next() { found = try ContentsBlock(block) }
            }
            guard found != nil else { throw BackupError.incomplete }
            guard !splitter.hasRest else { throw BackupError.tooMuch }
        }
        guard let found else { throw BackupError.incomplete }
        return found
    }

    private static func visit(
        _ descriptor: Int32,
        _ path: String,
        _ check: inout BackupCheck,
        _ visit: (BackupItem, ArraySlice<UInt8>) throws -> Void
    ) throws {
        var splitter = BlockSplitter()
        while let piece = try read(descriptor, path) {
            splitter.append(piece)
            while let (block, bytes) = try splitter.next() {
                try visit(try check.take(block), bytes)
            }
        }
        guard !splitter.hasRest else { throw BackupError.incomplete }
    }

    private static func open(_ path: String, _ body: (Int32) throws -> Void) throws {
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw OutputFile.failure(path) }
        defer { close(descriptor) }
        try body(descriptor)
    }

    private static func read(_ descriptor: Int32, _ path: String) throws -> ArraySlice<UInt8>? {
        var piece = [UInt8](repeating: 0, count: 256 << 10)
        while true {
            let count = piece.withUnsafeMutableBytes {
                Glibc.read(descriptor, $0.baseAddress, $0.count)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw OutputFile.failure(path) }
            return count == 0 ? nil : piece[..<count]
        }
    }
}
