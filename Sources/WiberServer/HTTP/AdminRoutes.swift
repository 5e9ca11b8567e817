import Foundation
import Hummingbird
import NIOCore
import WiberNIO
import WiberNode

/// What changes something, by HTTP: each takes a JSON object, which no page of a foreign site can make
/// a browser send.
struct AdminRoutes: Sendable {
    /// The most bytes of a request's body.
    static let bodyMax = 16 << 10

    let host: ShardHost

    private struct Transfer: Decodable { let node: String }

    func add(to router: Router<BasicRequestContext>) {
        let host = host
        router.post("/api/topics/:name/transfer") { request, context in
            let usage =
                "send Content-Type: application/json and a body such as {\"node\":\"n2\"}"
            guard request.headers[.contentType]?.hasPrefix("application/json") == true,
                let body = try? await request.body.collect(upTo: Self.bodyMax),
                let transfer = try? JSONDecoder().decode(
                    Transfer.self,
                    from: Data(body.readableBytesView)
                )
            else { return Response.error(.badRequest, usage) }
            let topic = context.parameters.get("name") ?? ""
            return Self.response(
                try await host.administer(.transfer(topic: topic, node: transfer.node))
            )
        }
    }

    private static func response(_ outcome: AdminOutcome) -> Response {
        switch outcome {
        case .done: .json(Array(#"{"status":"done"}"#.utf8))
        case .refused(let text): .error(.badRequest, text)
        case .late(let text): .error(.gatewayTimeout, text)
        }
    }
}
