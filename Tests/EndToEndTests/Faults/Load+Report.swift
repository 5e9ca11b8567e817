import Testing

extension Load {
    /// Checks every node's copy and prints the figures.
    func report(_ what: String, _ problems: [String]) {
        let fates = log.fates()
        var problems = problems
        var findings = HistoryChecker.Findings()
        do {
            try waitForCopies()
            findings = try HistoryChecker(fates: fates).check(Self.topic, on: cluster.nodes)
        } catch {
            problems.append("\(error)")
        }
        let all = fates.joined()
        let refused = all.count { $0 == .refused }
        let unknown = all.count { $0 == .unknown }
        print(
            """
            \(what): attempted \(all.count), acknowledged \(log.acknowledgedCount), refused \
            \(refused), unknown \(unknown); longest time without an acknowledgement \
            \(Int(log.longestGap.seconds * 1_000)) ms; on \(cluster.nodes.count) nodes \
            \(findings.summary)
            """
        )
        problems += findings.lines
        if !problems.isEmpty { cluster.keepEvidence() }
        #expect(problems.isEmpty, "\(what)\n\(cluster.logTails)")
    }

    /// Waits until every node has applied what was acknowledged.
    private func waitForCopies() throws {
        let last = log.last.sequence
        for node in cluster.nodes {
            try eventually("\(node.id) has \(last)", within: .seconds(60)) {
                try node.topic(Self.topic).lastSequence >= last
            }
        }
    }
}
