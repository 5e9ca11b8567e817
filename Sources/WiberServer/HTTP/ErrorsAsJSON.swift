import Foundation
import Hummingbird
import NIOCore
import WiberWire

/// Answers what fails with JSON that says what to do, in place of an empty body.
struct ErrorsAsJSON: RouterMiddleware {
    typealias Context = BasicRequestContext

    func handle(
        _ request: Request,
        context: BasicRequestContext,
        next: (Request, BasicRequestContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as any HTTPResponseError {
            guard error.status == .notFound else {
                return .error(error.status, "the request failed: \(error.status.reasonPhrase)")
            }
            return .error(
                .notFound,
                "there is nothing here; GET /healthz, /metrics, /varz, /connz, /subsz, "
                    + "/routez, /api/cluster, /api/topics or /api/topics/<name>"
            )
        } catch {
            return .error(.serviceUnavailable, "the node is stopping; ask another one")
        }
    }
}

extension BasicRequestContext {
    /// What the path names: clients may send any of its characters as `%XX`.
    var name: String {
        let part = parameters.get("name") ?? ""
        return part.removingPercentEncoding ?? part
    }
}

extension Response {
    /// A body that is JSON already.
    static func json(_ bytes: [UInt8], status: HTTPResponse.Status = .ok) -> Response {
        Response(
            status: status,
            headers: [.contentType: "application/json"],
            body: .init(byteBuffer: ByteBuffer(bytes: bytes))
        )
    }

    /// `{"error":…}`.
    static func error(_ status: HTTPResponse.Status, _ text: String) -> Response {
        var writer = JSONWriter()
        writer.object { $0.field("error", text) }
        return json(writer.bytes, status: status)
    }
}
