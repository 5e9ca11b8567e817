import Foundation
import Glibc
import WiberBackup

/// Where a backup goes: a folder with a file a topic, or one stream.
public final class BackupTarget {
    private enum Place {
        case folder(String)
        case stream(Int32)
    }

    private let place: Place
    private var file: OutputFile?
    private var count = 0

    /// An empty folder, which is made if it is not there.
    ///
    /// - Throws: ``ClientError/file(path:reason:)``, also if there is something in it.
    public init(folder: String) throws {
        if mkdir(folder, 0o700) == 0 {
            let parent = URL(filePath: folder).deletingLastPathComponent().path
            try OutputFile.sync(folder: parent.isEmpty ? "/" : parent)
        } else if errno != EEXIST {
            throw OutputFile.failure(folder)
        }
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: folder)
        } catch {
            throw ClientError.file(path: folder, reason: error.localizedDescription)
        }
        guard names.isEmpty else {
            throw ClientError.file(
                path: folder,
                reason: "the folder is not empty, and may hold another backup; give a new one"
            )
        }
        place = .folder(folder)
    }

    /// An open file or pipe.
    public init(stream descriptor: Int32) { place = .stream(descriptor) }

    func begin(_ topic: String) throws {
        guard case .folder(let folder) = place else { return }
        file = try OutputFile(
            BackupFile.name(of: topic, place: count),
            in: folder,
            temporarySuffix: BackupFile.temporarySuffix
        )
        count += 1
    }

    func write(_ bytes: ArraySlice<UInt8>) throws {
        switch place {
        case .folder: try file?.write(bytes)
        case .stream(let descriptor):
            try OutputFile.write(bytes, to: descriptor, path: "standard output")
        }
    }

    /// The topic is whole.
    func end() throws {
        try file?.finish()
        file = nil
    }

    /// All topics are whole.
    func finish(_ contents: ContentsBlock) throws {
        switch place {
        case .stream: try write(contents.encoded[...])
        case .folder(let folder):
            let file = try OutputFile(
                BackupFile.contents,
                in: folder,
                temporarySuffix: BackupFile.temporarySuffix
            )
            try file.write(contents.encoded[...])
            try file.finish()
        }
    }
}
