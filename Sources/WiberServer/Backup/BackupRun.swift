import Foundation
public import WiberBackup

/// A backup of topics: read from a node, checked as it comes, and written.
public struct BackupRun {
    private let client: LineClient
    private let target: BackupTarget
    private let observer: BackupObserver
    private var check = BackupCheck()

    /// A backup into `target`.
    public init(
        client: LineClient,
        target: BackupTarget,
        observer: @escaping BackupObserver
    ) {
        self.client = client
        self.target = target
        self.observer = observer
    }

    /// The names of the topics that a node knows, but those that are being restored.
    public static func allTopics(_ client: LineClient) throws -> [String] {
        let json = try client.get("/api/topics")
        let list = try? JSONSerialization.jsonObject(with: Data(json.utf8)) as? [[String: Any]]
        guard let list else { throw ClientError.unexpected(json) }
        return list.filter { $0["restoring"] == nil }.compactMap { $0["name"] as? String }
    }

    /// Backs topics up, one after the other.
    ///
    /// - Returns: what each of them holds.
    /// - Throws: ``ClientError``; what was written then is no whole backup.
    public mutating func run(_ topics: [String]) throws -> [(topic: String, totals: BackupTotals)] {
        for topic in topics {
            try target.begin(topic)
            try read(topic)
            try target.end()
        }
        try target.finish(ContentsBlock(topics: check.topics))
        return check.topics.map { (topic: $0.name, totals: $0.totals) }
    }

    private mutating func read(_ topic: String) throws {
        let path = "/api/topics/\(topic.inURL)/backup"
        let stream = try HTTPStream.get(path, client.httpAddress)
        guard stream.status == 200 else {
            throw ClientError.refused("topic \(topic): " + Self.words(try stream.text()))
        }
        var splitter = BlockSplitter()
        var progress = BackupProgress(topic: topic)
        do {
            while let piece = try stream.next() {
                splitter.append(piece)
                while let (block, bytes) = try splitter.next() {
                    observe(try check.take(block), &progress)
                    try target.write(bytes)
                }
            }
            guard check.isBetweenTopics, !splitter.hasRest else {
                throw ClientError.refused(
                    "the node did not send topic \(topic) to its end: it was stopped, or the topic was"
                        + " deleted; take the backup again, into a new folder"
                )
            }
        } catch let error as BackupError {
            throw ClientError.backup(path: "topic \(topic) as the node sent it", error)
        }
    }

    private func observe(_ item: BackupItem, _ progress: inout BackupProgress) {
        progress.add(item)
        observer(progress)
    }

    private static func words(_ json: String) -> String {
        let object = try? JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any]
        return object?["error"] as? String ?? String(json.prefix(200))
    }
}

extension BackupProgress {
    /// Counts what a block brings.
    public mutating func add(_ item: BackupItem) {
        switch item {
        case .topic(let topic):
            messages.all = topic.totals.messages
            bytes.all = topic.totals.bytes
        case .messages(let block):
            messages.done += UInt64(block.messages.count)
            bytes.done += block.byteCount
        case .end, .contents: break
        }
    }
}

extension String {
    /// The text as a part of a URL.
    public var inURL: String {
        let allowed = CharacterSet.alphanumerics.union(CharacterSet(charactersIn: "-_."))
        return addingPercentEncoding(withAllowedCharacters: allowed) ?? ""
    }
}
