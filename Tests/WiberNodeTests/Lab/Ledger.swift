import Testing
import WiberBase

/// What was published on which connection, and a check of the logs against the replies.
final class Ledger {
    private struct Publish {
        let text: String
        /// Its place among the requests of its connection.
        let place: Int
    }

    private var published: [(client: LabClient, publishes: [Publish])] = []
    private var count = 0

    /// Publishes with an answer that says they are stored.
    var acknowledged: Int {
        published.reduce(0) { sum, entry in
            sum + entry.publishes.count { outcome(entry.client, $0)?.sequence != nil }
        }
    }

    func publish(_ lab: NodeLab, _ client: LabClient, _ topic: String, count added: Int) {
        if !published.contains(where: { $0.client === client }) { published.append((client, [])) }
        guard let entry = published.firstIndex(where: { $0.client === client }) else { return }
        var requests: [String] = []
        for _ in 0..<added {
            count += 1
            let text = "\(client.name)-\(count)"
            let place = client.requests.count + requests.count
            published[entry].publishes.append(Publish(text: text, place: place))
            requests.append("PUB \(topic) \(text)")
        }
        lab.ask(client, requests)
    }

    private func outcome(_ client: LabClient, _ publish: Publish) -> Reply? {
        publish.place < client.replies.count ? Reply(client.replies[publish.place]) : nil
    }

    /// Compares the logs with the replies.
    ///
    /// Everything acknowledged is there once, at its sequence, in the order of its connection;
    /// what was refused is nowhere; the rest at most once. All replicas are alike in every byte.
    func check(_ lab: NodeLab, _ topic: String) {
        let living = lab.replicas(topic)
        guard let first = living.first else { return }
        let log = lab.messages(topic, first)
        var places: [String: [UInt64]] = [:]
        for message in log { places[message.text, default: []].append(message.sequence) }
        let sequences = log.map(\.sequence)
        #expect(sequences == sequences.sorted() && Set(sequences).count == sequences.count)
        for (client, publishes) in published {
            var last: UInt64 = 0
            for publish in publishes {
                let stored = places[publish.text] ?? []
                switch outcome(client, publish) {
                case .stored(let sequence), .duplicate(let sequence):
                    #expect(stored == [sequence], "\(publish.text) was acknowledged")
                    #expect(sequence > last, "\(publish.text) came after \(last)")
                    last = sequence
                case .refused(let line):
                    #expect(stored.isEmpty, "\(publish.text) was refused: \(line)")
                case .unknown, nil:
                    #expect(stored.count <= 1, "\(publish.text) is stored twice")
                }
            }
        }
        let digests = lab.digests(topic, first)
        for other in living.dropFirst() {
            for (index, digest) in lab.digests(topic, other) where digests[index] != nil {
                #expect(digests[index] == digest, "entry \(index) of n\(other + 1) differs")
            }
            #expect(lab.applied(topic, other) == lab.applied(topic, first))
        }
    }
}
