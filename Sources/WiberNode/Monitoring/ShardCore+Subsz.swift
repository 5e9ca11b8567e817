import WiberBase
import WiberSubject
import WiberWire

/// `/subsz`: what clients want.
extension ShardCore {
    /// The JSON of `/subsz`.
    public func subszJSON(_ query: MonitoringQuery) -> [UInt8] {
        let fanout = nats.table.fanout
        let asked = nats.table.cacheHits &+ nats.table.cacheMisses
        let hitRate = Double(nats.table.cacheHits) / Double(max(1, asked))
        var json = JSONWriter()
        json.object { json in
            writeHead(into: &json)
            json.field("num_subscriptions", UInt64(nats.listenerCount))
            json.field("num_cache", UInt64(nats.table.cacheCount))
            json.field("num_inserts", nats.inserted)
            json.field("num_removes", nats.removed)
            json.field("num_matches", asked)
            json.field("cache_hit_rate", thousandths: UInt64(min(1, hitRate) * 1_000))
            json.field("max_fanout", UInt64(fanout.most))
            json.field("avg_fanout", thousandths: UInt64(fanout.mean * 1_000))
            guard query.subscriptions != .none else { return }
            let found = subscriptions(query)
            json.field("total", UInt64(found.total))
            json.field("offset", UInt64(query.offset))
            json.field("limit", UInt64(query.limit))
            json.array("subscriptions_list", found.page) { json, subscription in
                json.object { json in write(subscription, into: &json) }
            }
        }
        return json.bytes
    }

    /// The clients' subscriptions that the query asks for, and how many there are in all.
    private func subscriptions(
        _ query: MonitoringQuery
    ) -> (page: [NATSSubscription], total: Int) {
        guard let test = query.test else {
            return nats.clientSubscriptions(offset: query.offset, limit: query.limit)
        }
        var table = nats.table
        let matches = test.withUnsafeBytes { table.match($0) }
        let all = (matches.plain + matches.queues.flatMap(\.members)).compactMap { id in
            nats[id].flatMap { $0.isOfClient ? $0 : nil }
        }
        return (Array(query.page(all)), all.count)
    }
}
