import Foundation
public import WiberBackup
import WiberBase

/// A restore of topics: each is made, gets its messages block by block, and is then given free.
public struct RestoreRun {
    /// What is to be other than the backup says.
    public struct Changes {
        /// Only this topic.
        public var topic: String?
        /// Another name for it.
        public var name: String?
        /// Other subjects; none at all if the list is empty.
        public var subjects: [String]?
        /// Another number of nodes that hold it.
        public var replicas: Int?

        /// Nothing.
        public init() {}
    }

    /// For how long a node is asked again that does not answer, or cannot now, in seconds.
    private static let patience = 60.0

    private let servers: String
    private let changes: Changes
    private let observer: BackupObserver
    private var progress = BackupProgress(topic: "")
    /// The name of the topic that is under way; `nil` for one that is passed over.
    private var target: String?
    /// The last message that the topic has already.
    private var restored: UInt64 = 0
    private var done: [(topic: String, totals: BackupTotals)] = []
    /// The topics that were restored from this backup before, and are left alone.
    public private(set) var before: [String] = []

    /// A restore to the cluster of these servers.
    public init(servers: String, changes: Changes, observer: @escaping BackupObserver) {
        self.servers = servers
        self.changes = changes
        self.observer = observer
    }

    /// Restores what the source has.
    ///
    /// - Returns: the topics by their new names, and what each holds.
    /// - Throws: ``ClientError``; given again, the restore goes on where it was.
    public mutating func run(
        _ source: BackupSource
    ) throws -> [(topic: String, totals: BackupTotals)] {
        try source.forEachBlock(of: changes.topic) { item, bytes in
            try take(item, bytes)
        }
        guard !done.isEmpty || !before.isEmpty else {
            let what = changes.topic.map { "topic \($0)" } ?? "a topic"
            throw ClientError.file(path: source.path, reason: "the backup does not have \(what)")
        }
        return done
    }

    private mutating func take(_ item: BackupItem, _ bytes: ArraySlice<UInt8>) throws {
        progress.add(item)
        switch item {
        case .topic(let topic): try begin(topic, bytes)
        case .messages(let block):
            guard let target else { return }
            if block.last.rawValue > restored { try post("import", bytes, target) }
            observer(progress)
        case .end(_, let entry):
            guard let target else { return }
            try post("import", bytes, target)
            try finish(target)
            done.append((topic: target, totals: entry.totals))
        case .contents: break
        }
    }

    private mutating func begin(_ topic: TopicBlock, _ bytes: ArraySlice<UInt8>) throws {
        let name = topic.configuration.name
        let isWanted = changes.topic ?? name == name
        target = isWanted ? changes.name ?? name : nil
        progress = BackupProgress(topic: name)
        progress.add(.topic(topic))
        guard let name = target else { return }
        if let there = try status(of: name), there.backup == topic.backup.description,
            !there.isRestoring
        {
            target = nil
            return before.append(name)
        }
        try post("restore" + query, bytes, name)
        restored = try status(of: name)?.last ?? 0
    }

    private var query: String {
        var fields: [String] = []
        if let subjects = changes.subjects {
            fields += subjects.isEmpty ? ["no_subjects=1"] : []
            fields += subjects.map { "subject=" + $0.inURL }
        }
        if let replicas = changes.replicas { fields.append("replicas=\(replicas)") }
        return fields.isEmpty ? "" : "?" + fields.joined(separator: "&")
    }

    /// Gives the topic free.
    private func finish(_ topic: String) throws {
        do {
            try patiently { client in
                _ = try client.post("/api/topics/\(topic.inURL)/restored", json: "{}")
            }
        } catch ClientError.refused(let text) {
            // Given twice, since an answer got lost.
            guard let status = try status(of: topic), !status.isRestoring else {
                throw ClientError.refused(text)
            }
        }
    }

    /// What a node knows of a topic; `nil` if there is none.
    private func status(of topic: String) throws -> Status? {
        var found: Status?
        try patiently { client in
            let json = try client.get("/api/topics/\(topic.inURL)")
            let object = try? JSONSerialization.jsonObject(with: Data(json.utf8))
            guard let fields = object as? [String: Any] else {
                throw ClientError.unexpected(json)
            }
            guard fields["name"] != nil else { return }
            let last = (fields["last_sequence"] as? NSNumber)?.uint64Value ?? 0
            found = Status(
                last: last,
                backup: fields["restored_from"] as? String,
                isRestoring: fields["restoring"] != nil
            )
        }
        return found
    }

    private struct Status {
        var last: UInt64
        var backup: String?
        var isRestoring: Bool
    }

    private func post(_ what: String, _ bytes: ArraySlice<UInt8>, _ topic: String) throws {
        try patiently { client in
            let path = "/api/topics/\(topic.inURL)/\(what)"
            let address = client.httpAddress
            let answer = try HTTPGet.post(
                path,
                bytes: Array(bytes),
                host: address.host,
                port: address.port
            )
            guard answer.status != 200 else { return }
            let object = try? JSONSerialization.jsonObject(with: Data(answer.body))
            let text = (object as? [String: Any])?["error"] as? String
            guard answer.status == 400 || answer.status == 404 else {
                throw ClientError.unexpected(text ?? "HTTP \(answer.status)")
            }
            throw ClientError.refused("topic \(topic): " + (text ?? "HTTP \(answer.status)"))
        }
    }

    /// Asks until a node answers: all that is asked for may be asked for again.
    private func patiently(_ body: (LineClient) throws -> Void) throws {
        let start = ContinuousClock.now
        while true {
            do {
                return try body(try LineClient(servers: servers))
            } catch let error as ClientError {
                if case .refused = error { throw error }
                guard (ContinuousClock.now - start) / .seconds(1) < Self.patience else {
                    throw error
                }
                Thread.sleep(forTimeInterval: 0.2)
            }
        }
    }
}
