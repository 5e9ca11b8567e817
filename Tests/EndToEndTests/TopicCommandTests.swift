import Foundation
import Testing

extension EndToEnd {
    @Suite("Topics come, change, move and go")
    struct TopicCommandTests {
        private func wiber(_ words: String, at node: Node) throws -> Command {
            let server = ["--server", "nats://127.0.0.1:\(node.port)"]
            return try Command.wiber(words.split(separator: " ").map { String($0) } + server)
        }

        @Test func `a topic is created, changed and deleted, and bad requests say what to do`()
            throws
        {
            let cluster = try Cluster.started(nodes: 3)
            let created = try wiber("topic create orders --max-messages 100", at: cluster.nodes[1])
            #expect(created.output == "created topic orders\n", "\(created.errors)")
            let client = try cluster.nodes[0].client()
            for number in 1...20 {
                #expect(try client.request("PUB orders \(number)") == "OK \(number)")
            }
            let updated = try wiber("topic update orders --max-messages 5", at: cluster.nodes[2])
            #expect(updated.isSuccess, "\(updated.errors)")
            try eventually("the limit takes effect") {
                try cluster.nodes.allSatisfy { try $0.topic("orders").messages == 5 }
            }
            let purged = try wiber("topic purge orders --keep 2 --yes", at: cluster.nodes[1])
            #expect(purged.isSuccess, "\(purged.errors)")
            try eventually("messages are gone on every node") {
                try cluster.nodes.allSatisfy { try $0.topic("orders").firstSequence == 19 }
            }
            for (words, text) in [
                ("topic purge orders", "add --yes"),
                ("topic purge orders --keep 1 --before 2 --yes", "not both"),
                ("topic create orders", "there is a topic of this name"),
                ("topic create o2 --subject orders.eu", "overlaps one of topic orders"),
                ("topic create o3 --replicas 5", "5 replicas need as many nodes"),
                ("topic create o4 --max-age 7", "body:1:"),
                ("topic delete orders", "add --yes"),
                ("topic delete nothing --yes", "there is no topic of this name"),
                ("topic move orders n1 n9", "there is no node n9"),
                ("topic replicas orders 4", "1 to 3 replicas"),
                ("cluster drain n9", "there is no node n9"),
            ] {
                let refused = try wiber(words, at: cluster.nodes[0])
                #expect(!refused.isSuccess && refused.errors.contains(text), "\(words): \(refused)")
            }
            let deleted = try wiber("topic delete orders --yes", at: cluster.nodes[2])
            #expect(deleted.output == "deleted topic orders\n", "\(deleted.errors)")
            try eventually("the name is free on every node") {
                try cluster.nodes.allSatisfy {
                    try $0.client().request("HISTORY orders").hasPrefix("ERR NO_TOPIC")
                }
            }
            #expect(try client.request("PUB orders again") == "OK 1")
        }

        @Test func `a name may have any character that names have`() throws {
            let cluster = try Cluster.started(nodes: 1)
            let node = cluster.nodes[0]
            for words in [
                "topic create my-Topic_1", "topic update my-Topic_1 --max-messages 5",
                "topic purge my-Topic_1 --yes", "topic delete my-Topic_1 --yes",
            ] {
                let done = try wiber(words, at: node)
                #expect(done.isSuccess, "\(words): \(done.errors)")
            }
        }

        @Test func `messages leave from the middle, by limit and by command, and stay away`() throws
        {
            let cluster = try Cluster.started(nodes: 3)
            let words = "topic create settings --subject settings.> --max-per-subject 2 --rollup"
            let created = try wiber(words, at: cluster.nodes[1])
            #expect(created.isSuccess, "\(created.errors)")
            let client = try cluster.nodes[0].client()
            for number in 1...12 {
                let reply = try client.request("PUB settings.k\(number % 3) \(number)")
                #expect(reply == "OK \(number)")
            }
            func expect(_ sequences: [Int]) throws {
                for node in cluster.nodes {
                    let there = try node.client().history("settings", from: 1).messages
                    #expect(there.map(\.sequence) == sequences)
                }
            }
            try expect(Array(7...12))
            let removed = try wiber("topic remove settings 9 --yes", at: cluster.nodes[2])
            #expect(removed.output == "removed message 9 of settings\n", "\(removed.errors)")
            let purge = "topic purge settings --subject settings.k1 --keep 1 --yes"
            let purged = try wiber(purge, at: cluster.nodes[1])
            #expect(purged.isSuccess, "\(purged.errors)")
            try expect([8, 10, 11, 12])
            for node in cluster.nodes { try node.kill() }
            try cluster.startAll()
            try expect([8, 10, 11, 12])
            #expect(try cluster.nodes[0].topic("settings").messages == 4)
            for (words, text) in [
                ("topic remove settings 9 --yes", "there is no message 9"),
                ("topic remove settings 8", "add --yes"),
                ("topic remove settings x --yes", "is invalid"),
                ("topic purge settings --subject settings..k1 --yes", "this is no subject"),
                ("topic create s2 --max-per-subject 0", "max_per_subject"),
            ] {
                let refused = try wiber(words, at: cluster.nodes[0])
                #expect(!refused.isSuccess && refused.errors.contains(text), "\(words): \(refused)")
            }
        }

        @Test func `messages go when their time is over, and stay from a floor on`() throws {
            let cluster = try Cluster.started(nodes: 3)
            let words = "topic create sessions --message-ttl --default-ttl 1h"
            let created = try wiber(words, at: cluster.nodes[1])
            #expect(created.isSuccess, "\(created.errors)")
            for (node, life) in [(0, "2"), (1, "never"), (2, "1s"), (0, "100h")] {
                let stored = try wiber(
                    "pub sessions.a text -H Nats-TTL:\(life)",
                    at: cluster.nodes[node]
                )
                #expect(stored.isSuccess, "\(stored)")
            }
            func expect(_ sequences: [Int], _ what: String) throws {
                try eventually(what) {
                    try cluster.nodes.allSatisfy { node in
                        let there = try node.client().history("sessions", from: 1).messages
                        return there.map(\.sequence) == sequences
                    }
                }
            }
            try expect([2, 4], "two messages go")
            let kept = try wiber("topic update sessions --keep-from 4", at: cluster.nodes[0])
            #expect(kept.isSuccess, "\(kept.errors)")
            for (words, text) in [
                ("topic purge sessions --yes", "keeps its messages from 4 on"),
                ("topic remove sessions 4 --yes", "keeps its messages from 4 on"),
                ("pub sessions.a x -H Nats-TTL:soon", "a Nats-TTL is whole seconds"),
                ("pub sessions.a x -H Nats-Expected-Last-Msg-Id:z", "wrong last msg ID"),
                ("topic create s2 --default-ttl 10ms", "less than a second"),
                ("topic create s2 --keep-from 0", "keep_from"),
            ] {
                let refused = try wiber(words, at: cluster.nodes[0])
                #expect(!refused.isSuccess && refused.errors.contains(text), "\(words): \(refused)")
            }
            let short = try wiber("pub sessions.a text -H Nats-TTL:1s", at: cluster.nodes[2])
            #expect(short.isSuccess, "\(short.errors)")
            let purged = try wiber("topic purge sessions --before 4 --yes", at: cluster.nodes[1])
            #expect(purged.isSuccess, "\(purged.errors)")
            for node in cluster.nodes { try node.kill() }
            try cluster.startAll()
            try expect([4, 5], "the floor keeps what is due")
            let lifted = try wiber("topic update sessions --keep-from none", at: cluster.nodes[2])
            #expect(lifted.isSuccess, "\(lifted.errors)")
            try expect([4], "what is due goes")
        }

        @Test func `one message is read by sequence and by subject, at every node`() throws {
            let cluster = try Cluster.started(nodes: 4)
            let created = try wiber("topic create orders --subject orders.>", at: cluster.nodes[0])
            #expect(created.isSuccess, "\(created.errors)")
            let client = try cluster.nodes[0].client()
            for number in 1...6 {
                let reply = try client.request("PUB orders.k\(number % 2) text \(number)")
                #expect(reply == "OK \(number)")
            }
            let removed = try wiber("topic remove orders 6 --yes", at: cluster.nodes[1])
            #expect(removed.isSuccess, "\(removed.errors)")
            for node in cluster.nodes {
                let newest = try wiber("topic get orders --last orders.k0", at: node)
                let lines = newest.output.split(separator: "\n")
                #expect(newest.isSuccess && lines.count == 4, "\(newest)")
                #expect(lines.first == "sequence  4" && lines.last == "data      text 4")
                let fifth = try wiber("topic get orders 5 --output json", at: node)
                #expect(fifth.output.hasPrefix(#"{"sequence":5,"time":""#), "\(fifth)")
                #expect(fifth.output.hasSuffix(#","subject":"orders.k1","data":"text 5"}"# + "\n"))
                let next = try wiber("topic get orders --next orders.k1 --from 2", at: node)
                #expect(next.output.hasPrefix("sequence  3\n"), "\(next)")
            }
            for (words, text) in [
                ("topic get orders 6", "message 6 of topic orders is gone"),
                ("topic get orders 7", "message 7 of topic orders is not there yet"),
                ("topic get orders --last orders.k9", "no such message of this subject"),
                ("topic get orders --last orders.*", "name exactly one subject"),
                ("topic get nothing 1", "there is no topic of this name"),
                ("topic get orders", "one of them"),
                ("topic get orders 1 --from 2", "--from goes with --next"),
            ] {
                let refused = try wiber(words, at: cluster.nodes[0])
                #expect(!refused.isSuccess && refused.errors.contains(text), "\(words): \(refused)")
            }
            for (path, status) in [
                ("/6", 404), ("/7", 404), ("/x", 400), ("/18446744073709551616", 400), ("", 400),
                ("?last=orders.k1&next=a", 400), ("?next=orders.k1&from=-1", 400),
                ("?last=orders.k9", 404), ("?last=%00", 400), ("?last=%ff", 400),
                ("?last=%zz", 400), ("?last", 400),
                ("?last=a&last=b", 400), ("?first=a", 400), ("?next=orders.k1", 200),
                ("/18446744073709551615", 404), ("?last=orders%2Ek1", 200),
            ] {
                let answers = try cluster.nodes.map { node in
                    try HTTP.get("/api/topics/orders/messages" + path, port: node.httpPort).status
                }
                #expect(answers.allSatisfy { $0 == status || $0 == 307 }, "\(path): \(answers)")
            }
        }

        @Test func `below its reserve of disk space a node says so and stores nothing`() throws {
            let cluster = try Cluster(nodes: 1, more: "disk_reserve: 100000GiB\n")
            let node = cluster.nodes[0]
            try node.start()
            try eventually("publishes are refused") {
                let reply = try node.client().request("PUB notes hello")
                return reply.hasPrefix(
                    "ERR DISK_FULL less than 107374182400000 bytes (disk_reserve)"
                )
            }
        }

        @Test func `a drained node holds nothing, also after a restart`() throws {
            let cluster = try Cluster.started(nodes: 4)
            for name in ["a", "b", "c"] {
                let made = try wiber("topic create \(name)", at: cluster.nodes[0])
                #expect(made.isSuccess, "\(made.errors)")
                #expect(try cluster.nodes[0].client().request("PUB \(name) x") == "OK 1")
            }
            let drained = try wiber("cluster drain n2", at: cluster.nodes[0])
            #expect(drained.output.hasSuffix("n2 holds no topic and leads none\n"), "\(drained)")
            try cluster.nodes[1].kill()
            try cluster.nodes[1].startAndWait()
            for name in ["a", "b", "c"] {
                let replicas = try cluster.nodes[1].topic(name).replicas.map(\.node)
                #expect(replicas.count == 3 && !replicas.contains("n2"))
            }
        }
    }
}
