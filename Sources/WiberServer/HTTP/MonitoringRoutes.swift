import Foundation
import Hummingbird
import Synchronization
import WiberNIO
import WiberNode

/// How often each monitoring page was asked for.
final class RequestCounts: Sendable {
    private let counts = Mutex<[String: UInt64]>([:])

    /// Only pages that exist are counted, so that nobody can fill the memory with paths.
    func count(_ path: String) { counts.withLock { $0[path, default: 0] &+= 1 } }

    var all: [(path: String, count: UInt64)] {
        counts.withLock { $0.map { (path: $0.key, count: $0.value) } }.sorted { $0.path < $1.path }
    }
}

/// The pages that nats-server's monitoring tools read.
struct MonitoringRoutes: Sendable {
    let host: ShardHost
    let requests: RequestCounts

    func add(to router: Router<BasicRequestContext>) {
        page("/healthz", router) { _ in try await health() }
        page("/varz", router) { _ in
            let facts = facts
            return .json(try await host.inspect { $0.varzJSON(facts) })
        }
        page("/routez", router) { _ in .json(try await host.inspect { $0.routezJSON() }) }
        page("/connz", router) { query in .json(try await host.inspect { $0.connzJSON(query) }) }
        page("/subsz", router) { query in .json(try await host.inspect { $0.subszJSON(query) }) }
    }

    private func page(
        _ path: String,
        _ router: Router<BasicRequestContext>,
        _ answer: @escaping @Sendable (MonitoringQuery) async throws -> Response
    ) {
        let requests = requests
        router.get(RouterPath(path)) { request, _ in
            requests.count(path)
            let query: MonitoringQuery
            do {
                query = try MonitoringQuery(
                    request.uri.queryParameters.map { (name: "\($0.key)", value: "\($0.value)") }
                )
            } catch {
                return Response.error(.badRequest, "\(error)")
            }
            return try await answer(query)
        }
    }

    /// 200 if the node can serve, else 503 with the reason, as `wiber` and load balancers read it.
    private func health() async throws -> Response {
        guard let reason = try await host.inspect({ $0.readiness() }) else {
            return .json(Array(#"{"status":"ok"}"#.utf8))
        }
        let body = ["status": "unavailable", "error": reason]
        return .json(Array(try JSONEncoder().encode(body)), status: .serviceUnavailable)
    }

    private var facts: ProcessFacts {
        let use = ProcessMetrics.use
        return ProcessFacts(
            memory: use.memory,
            cpu: use.cpu,
            cores: UInt64(ProcessInfo.processInfo.activeProcessorCount),
            connectionsMax: UInt64(host.clientsMax),
            requests: requests.all
        )
    }
}
