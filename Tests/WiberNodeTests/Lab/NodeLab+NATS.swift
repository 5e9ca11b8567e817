import Testing
import WiberBase

@testable import WiberNode

/// Publishes with headers, and what they are told.
extension NodeLab {
    /// A client of NATS that hears its acknowledgements.
    func natsClient(_ place: Int) -> LabClient {
        let client = connect(to: place)
        send(client, Array("CONNECT {\"headers\":true}\r\nSUB ack.\(client.name) 1\r\n".utf8))
        return client
    }

    /// Publishes with headers and returns the acknowledgement.
    func publish(_ client: LabClient, _ subject: String, _ headers: String...) -> String {
        let count = client.messages.count
        begin(client, subject, headers)
        _ = run { client.messages.count > count }
        return client.replies.last ?? ""
    }

    /// Publishes with headers, and does not wait for the acknowledgement.
    func begin(_ client: LabClient, _ subject: String, _ headers: [String]) {
        let block = "NATS/1.0\r\n" + headers.map { $0 + "\r\n" }.joined() + "\r\n"
        let size = block.utf8.count
        let head = "HPUB \(subject) ack.\(client.name) \(size) \(size + 1)\r\n"
        send(client, Array((head + block + "x\r\n").utf8))
    }

    /// The sequences that a client gets from a node, by HISTORY and by SUB.
    func sequences(_ place: Int, of topic: String = "news") -> [UInt64] {
        let history = ask(node: place, "HISTORY \(topic) 1 1000").joined()
        let asked = history.split(separator: "{\"sequence\":").dropFirst().compactMap {
            UInt64($0.prefix { $0.isNumber || $0 == "\"" }.filter(\.isNumber))
        }
        let client = connect(to: place)
        ask(client, "SUB \(topic) 1")
        run(for: .milliseconds(500))
        let followed = client.messages.compactMap { UInt64($0.split(separator: " ")[2]) }
        disconnect(client)
        #expect(asked == followed)
        return followed
    }
}
