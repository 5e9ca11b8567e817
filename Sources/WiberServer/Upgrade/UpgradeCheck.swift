public import WiberBase

/// Whether the nodes of a running cluster can be started with this binary, one after another, and
/// what that means.
public struct UpgradeCheck: Sendable {
    /// What is in the way, each with what to do.
    public private(set) var problems: [String] = []
    /// What is worth knowing before.
    public private(set) var notes: [String] = []
    /// The cluster, in words.
    public private(set) var summary = ""

    private let levels: LevelRange
    private let wire: WireVersions
    private let software: String

    /// Judges what a node says of its cluster.
    ///
    /// - Throws: ``ClientError/unexpected(_:)`` if it says something else than a node does.
    public init(
        cluster: String,
        topics: String,
        levels: LevelRange = .supported,
        wire: WireVersions = .supported,
        software: String = Version.current
    ) throws {
        self.levels = levels
        self.wire = wire
        self.software = software
        let report: ClusterReport = try ClusterReport.decode(cluster)
        let list: [ClusterReport.Topic] = try ClusterReport.decode(topics)
        let level = report.level.map { ", feature level \($0)" } ?? ""
        summary = "cluster \(report.cluster): \(report.nodes.count) nodes\(level)"
        judge(report)
        judge(list)
    }

    /// Whether nothing is in the way.
    public var isReady: Bool { problems.isEmpty }

    private mutating func judge(_ report: ClusterReport) {
        for node in report.nodes where node.state != "alive" {
            problems.append(
                "\(node.id) is \(node.state): start it first, since another node is to stop"
            )
        }
        for node in report.nodes where node.leaving == true {
            problems.append("\(node.id) is leaving the cluster: wait until it is gone")
        }
        if report.metaLeader == nil {
            problems.append("the meta group has no leader: a majority of its voters must be up")
        }
        if report.nodes.count < 3 {
            notes.append(
                "with \(report.nodes.count) node\(report.nodes.count == 1 ? "" : "s") topics stand"
                    + " still while a node is stopped"
            )
        }
        guard let level = report.level else {
            return problems.append(
                "the cluster runs a release from before feature levels, whose protocol between nodes"
                    + " this binary does not speak: stop all nodes, then start them all with this one"
            )
        }
        judge(level, report)
        for node in report.nodes {
            guard let low = node.wireMin.flatMap({ UInt8(exactly: $0) }),
                let high = node.wireMax.flatMap({ UInt8(exactly: $0) }), low <= high
            else { continue }
            let theirs = WireVersions(low, high)
            guard wire.common(with: theirs) == nil else { continue }
            problems.append(WireVersions.conflict(node.id, theirs, "with this binary", wire))
        }
    }

    private mutating func judge(_ level: Int, _ report: ClusterReport) {
        let range = Int(levels.min.rawValue)...Int(levels.max.rawValue)
        guard range.contains(level) else {
            return problems.append(
                level > range.upperBound
                    ? "the cluster is at feature level \(level), and this binary (\(software)) knows"
                        + " \(levels): a level is never lowered; use a release that knows \(level)"
                    : "the cluster is at feature level \(level), and this binary (\(software)) knows"
                        + " \(levels): go over a release that knows both"
            )
        }
        let others = report.nodes.compactMap(\.levelMax)
        if range.upperBound > level {
            notes.append(
                "once all nodes run this binary the level rises from \(level) to \(range.upperBound),"
                    + " and no release that knows less can be used again; feature_level_max: \(level)"
                    + " in the configuration keeps the way back open"
            )
        }
        if let highest = others.max(), highest > range.upperBound {
            notes.append(
                "this binary knows less than the nodes that run, which know up to \(highest): that goes"
                    + " as long as the level stays at \(range.upperBound) or below"
            )
        }
    }

    private mutating func judge(_ topics: [ClusterReport.Topic]) {
        for topic in topics {
            if topic.leader == nil {
                problems.append("topic \(topic.name) has no leader: see `wiber cluster status`")
            } else if topic.movingTo != nil {
                problems.append("topic \(topic.name) is moving: wait until it has arrived")
            } else {
                let behind = topic.replicas.filter { !$0.current }.map(\.node)
                guard !behind.isEmpty else { continue }
                problems.append(
                    "topic \(topic.name) is not whole on \(behind.joined(separator: ", ")): wait until"
                        + " it is, or see `wiber cluster status`"
                )
            }
        }
    }
}
