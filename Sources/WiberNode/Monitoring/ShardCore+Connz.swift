import WiberBase
import WiberLog
import WiberSubject
import WiberWire

/// `/connz`: the clients.
extension ShardCore {
    /// How many connections that ended are remembered.
    static let closedConnectionsMax = 1_024

    /// The JSON of `/connz`.
    ///
    /// At most ``MonitoringQuery/rowsMax`` connections, and so many subscriptions of all together.
    public func connzJSON(_ query: MonitoringQuery) -> [UInt8] {
        var reports: [ConnectionReport] = []
        if query.state != .closed { reports += openReports(query) }
        if query.state != .open {
            for place in 0..<closedConnections.count {
                let report = closedConnections[place]
                if query.connection ?? report.id.rawValue == report.id.rawValue {
                    reports.append(report)
                }
            }
        }
        reports.sort { ConnectionReport.isBefore($0, $1, by: query.order) }
        let page = query.page(reports)
        var subscriptionsLeft = MonitoringQuery.rowsMax
        var json = JSONWriter()
        json.object { json in
            writeHead(into: &json)
            json.field("num_connections", UInt64(page.count))
            json.field("total", UInt64(reports.count))
            json.field("offset", UInt64(query.offset))
            json.field("limit", UInt64(query.limit))
            json.array("connections", page) { json, report in
                json.object { json in
                    report.write(into: &json)
                    write(query.subscriptions, of: report, &subscriptionsLeft, into: &json)
                }
            }
        }
        return json.bytes
    }

    private func openReports(_ query: MonitoringQuery) -> [ConnectionReport] {
        if let number = query.connection {
            return sessions[ConnectionID(rawValue: number)].map { [report($0)] } ?? []
        }
        return sessions.values.map(report)
    }

    private func report(_ session: Session) -> ConnectionReport {
        if let client = nats.clients[session.connection] { return report(client) }
        return ConnectionReport(
            id: session.connection,
            address: session.address,
            kind: "lines",
            start: wall(of: session.since),
            lastActivity: wall(of: session.lastHeard),
            uptime: time.now.since(session.since),
            idle: time.now.since(session.lastHeard),
            pendingBytes: session.out.count,
            messagesIn: session.requestCount,
            subscriptionCount: session.subscriptions.count
        )
    }

    private func report(_ client: NATSClient) -> ConnectionReport {
        ConnectionReport(
            id: client.connection,
            address: client.address,
            kind: "nats",
            start: wall(of: client.since),
            lastActivity: wall(of: max(client.lastHeard, client.lastSent)),
            uptime: time.now.since(client.since),
            idle: time.now.since(max(client.lastHeard, client.lastSent)),
            roundTrip: client.roundTrip,
            pendingBytes: client.output.count,
            messagesIn: client.messagesIn,
            messagesOut: client.messagesOut,
            bytesIn: client.bytesIn,
            bytesOut: client.bytesOut,
            subscriptionCount: client.subscriptions.count,
            name: client.options.name,
            language: client.options.language,
            version: client.options.version
        )
    }

    /// Remembers a connection that ends now.
    func rememberClosed(_ session: Session) {
        var report = self.report(session)
        let reason = nats.clients[session.connection]?.closeReason ?? .clientClosed
        report.end = (at: time.wall, reason: reason.rawValue)
        if closedConnections.count >= Self.closedConnectionsMax { closedConnections.popFirst() }
        closedConnections.append(report)
    }

    private func write(
        _ kind: MonitoringQuery.Subscriptions,
        of report: ConnectionReport,
        _ left: inout Int,
        into json: inout JSONWriter
    ) {
        guard kind != .none, report.end == nil, let client = nats.clients[report.id] else { return }
        // Sorted last: a client may have millions.
        let numbers = client.subscriptions.values.prefix(left).sorted()
        left -= numbers.count
        let subscriptions = numbers.compactMap { nats[$0] }
        switch kind {
        case .none: break
        case .subjects:
            json.array("subscriptions_list", subscriptions) { json, subscription in
                json.string(text(subscription.interest.subject))
            }
        case .details:
            json.array("subscriptions_list_detail", subscriptions) { json, subscription in
                json.object { json in write(subscription, into: &json) }
            }
        }
    }

    /// A subscription's fields.
    func write(_ subscription: NATSSubscription, into json: inout JSONWriter) {
        json.field("subject", text(subscription.interest.subject))
        if let queue = subscription.interest.queue { json.field("qgroup", text(queue)) }
        guard case .client(let client, let sid) = subscription.target else { return }
        json.field("sid", text(sid))
        json.field("msgs", subscription.delivered)
        if subscription.max > 0 { json.field("max", subscription.max) }
        json.field("cid", client.connection.rawValue)
    }

    /// What every page begins with.
    func writeHead(into json: inout JSONWriter) {
        json.field("server_id", "\(store.superblock.storeID)")
        json.field("now", time.wall)
    }

    /// What the wall clock said, if it has not been set since.
    func wall(of instant: Instant) -> Timestamp {
        let ago = time.now.since(instant).nanoseconds
        return Timestamp(time.wall.rawValue > ago ? time.wall.rawValue - ago : 0)
    }

    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}
