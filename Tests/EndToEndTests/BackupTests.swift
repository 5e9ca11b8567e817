import Foundation
import Glibc
import Testing

extension EndToEnd {
    @Suite("Backup and restore")
    struct BackupTests {
        private func wiber(
            _ words: String,
            at nodes: [Node],
            within limit: Duration = .seconds(60)
        ) throws -> Command {
            try Command.wiber(
                words.split(separator: " ").map { String($0) } + server(nodes),
                within: limit
            )
        }

        private func server(_ nodes: [Node]) -> [String] {
            ["--server", nodes.map { "nats://127.0.0.1:\($0.port)" }.joined(separator: ",")]
        }

        /// A topic with subjects, headers, ids and times, some of whose messages are gone.
        private func fill(_ cluster: Cluster) throws {
            let made = try wiber(
                "topic create Orders --subject orders.> --max-age 30d --max-per-subject 100000"
                    + " --dedup-window 1h --description shop",
                at: cluster.nodes
            )
            #expect(made.isSuccess, "\(made.errors)")
            let headed = try wiber(
                "pub orders.eu order-{{Count}} --templates --count 40 -H Kind:test -H Region:EU",
                at: [cluster.nodes[1]]
            )
            #expect(headed.isSuccess, "\(headed.errors)")
            let client = try cluster.nodes[2].client()
            for number in 1...40 {
                let reply = try client.request("PUBID Orders id-\(number) with an id")
                #expect(reply == "OK \(40 + number)")
            }
            for words in [
                "topic purge Orders --before 5 --yes", "topic remove Orders 7 --yes",
                "topic remove Orders 50 --yes", "topic remove Orders 51 --yes",
            ] {
                let done = try wiber(words, at: cluster.nodes)
                #expect(done.isSuccess, "\(done.errors)")
            }
        }

        /// The messages of a HISTORY as text, with everything that it says of them.
        private func messages(_ topic: String, _ node: Node, from: Int, count: Int) throws -> String
        {
            let reply = try node.client().request(
                "HISTORY \(topic) \(from) \(count)",
                within: .seconds(20)
            )
            return String(reply.drop { $0 != "[" })
        }

        /// Compares all messages of two topics, a thousand at a time.
        private func expectSame(
            _ one: (topic: String, node: Node),
            _ other: (topic: String, node: Node)
        ) throws {
            let report = try other.node.topic(other.topic)
            var next = report.firstSequence
            while next <= report.lastSequence {
                let count = min(1_000, report.lastSequence - next + 1)
                let copy = try messages(other.topic, other.node, from: next, count: count)
                let original = try messages(one.topic, one.node, from: next, count: count)
                // The original may have more, behind the last message of the copy.
                guard original.hasPrefix(copy.dropLast(2)) else {
                    Issue.record("messages from \(next) on differ: \(copy.prefix(300))")
                    return
                }
                let last = copy.components(separatedBy: "\"sequence\":").last ?? ""
                next = (Int(last.prefix { $0.isNumber }) ?? report.lastSequence) + 1
            }
        }

        @Test
        func `topics are backed up while they are used, and restored elsewhere by another name`()
            throws
        {
            let cluster = try Cluster.started(nodes: 3)
            try fill(cluster)
            let log = PublishLog()
            let publisher = Publisher(
                topic: "Orders",
                endpoints: cluster.nodes.map(\.endpoint),
                first: 0,
                log: log
            )
            let folder = cluster.folder.appending(path: "saved").path
            let saved = try wiber("backup --all --to \(folder)", at: [cluster.nodes[1]])
            #expect(saved.isSuccess, "\(saved.errors)")
            #expect(try publisher.stop() == [])
            let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
            #expect(names == ["contents.wbk", "topic-%4Frders.wbk"])
            let checked = try wiber("backup --verify \(folder) --output json", at: cluster.nodes)
            #expect(checked.isSuccess, "\(checked.errors)")

            let other = try Cluster.started(nodes: 3)
            let restored = try wiber(
                "restore \(folder) --topic Orders --as orders-2",
                at: [other.nodes[0]]
            )
            #expect(restored.isSuccess, "\(restored.errors)")
            for node in other.nodes {
                try expectSame(("Orders", cluster.nodes[0]), ("orders-2", node))
            }
            let report = try other.nodes[2].topic("orders-2")
            #expect(report.firstSequence == 5 && report.subjects == ["orders.>"])
            #expect(report.messages == report.lastSequence - 4 - 3)
            #expect(
                checked.output.contains("\"messages\":\(report.messages),"),
                "\(checked.output)"
            )
            #expect(checked.output.contains("\"bytes\":\(report.bytes),"), "\(checked.output)")
            // Ids go on to work, and so do subjects.
            let client = try other.nodes[1].client()
            #expect(try client.request("PUBID orders-2 id-9 again") == "OK 49 duplicate")
            let more = try client.request("PUB orders.us more")
            #expect(more == "OK \(report.lastSequence + 1)")
            let again = try wiber("restore \(folder)", at: [cluster.nodes[0]])
            #expect(
                !again.isSuccess && again.errors.contains("restore under another name with --as")
            )
            let clash = try wiber(
                "restore \(folder) --topic Orders --as copy",
                at: [cluster.nodes[0]]
            )
            #expect(!clash.isSuccess && clash.errors.contains("overlaps one of topic Orders"))
            let beside = try wiber(
                "restore \(folder) --topic Orders --as copy --no-subjects --replicas 1",
                at: [cluster.nodes[0]]
            )
            #expect(beside.isSuccess, "\(beside.errors)")
            #expect(try cluster.nodes[0].topic("copy").replicas.count == 1)
        }

        @Test func `a restore goes on when the leader dies, and when it was interrupted itself`()
            throws
        {
            let cluster = try Cluster.started(nodes: 3)
            try fill(cluster)
            let loaded = try wiber(
                "bench lines Orders --messages 60000 --size 1000",
                at: [cluster.nodes[0]]
            )
            #expect(loaded.isSuccess, "\(loaded.errors)\(loaded.output)")
            let folder = cluster.folder.appending(path: "saved").path
            let saved = try wiber("backup Orders --to \(folder)", at: cluster.nodes)
            #expect(saved.isSuccess, "\(saved.errors)")
            let other = try Cluster.started(nodes: 3)
            let restore = ["restore", folder, "--topic", "Orders", "--as", "orders2"]
            func start() throws -> ChildProcess {
                try ChildProcess(
                    [try Settings.binary()] + restore + server(other.nodes),
                    folder: other.folder,
                    output: other.folder.appending(path: "restore.out"),
                    errors: other.folder.appending(path: "restore.err")
                )
            }
            func wait(past sequence: Int) throws {
                try eventually("the restore is past \(sequence)", within: .seconds(60)) {
                    try other.nodes.filter(\.isRunning).contains {
                        try $0.topic("orders2").lastSequence > sequence
                    }
                }
            }
            var process = try start()
            try wait(past: 5_000)
            try process.end(SIGKILL)
            let refused = try other.nodes[1].client().request("PUB orders2 no")
            #expect(refused.hasPrefix("ERR RESTORING topic orders2 is being restored"))
            process = try start()
            try wait(past: 20_000)
            let leader = try other.leader(of: "orders2")
            try leader.kill()
            let exit = try process.wait(within: .seconds(90))
            let errors = try String(
                contentsOf: other.folder.appending(path: "restore.err"),
                encoding: .utf8
            )
            #expect(exit == .code(0), "\(errors)")
            try leader.startAndWait()
            let next = try cluster.nodes[0].topic("Orders").lastSequence + 1
            #expect(try other.nodes[0].client().request("PUB orders2 yes") == "OK \(next)")
            for node in other.nodes {
                try expectSame(("orders2", node), ("Orders", cluster.nodes[0]))
                let (copy, original) = (
                    try node.topic("orders2"), try cluster.nodes[0].topic("Orders")
                )
                #expect(copy.messages == original.messages + 1)
            }
        }

        @Test func `what is damaged or not whole is noticed, and nothing is begun with it`() throws
        {
            let cluster = try Cluster.started(nodes: 1, topics: "  - name: orders\n")
            let node = cluster.nodes[0]
            let client = try node.client()
            for number in 1...300 {
                #expect(try client.request("PUB orders \(number)") == "OK \(number)")
            }
            let folder = cluster.folder.appending(path: "saved")
            let saved = try wiber("backup orders --to \(folder.path)", at: [node])
            #expect(saved.isSuccess, "\(saved.errors)")
            let taken = try wiber("backup orders --to \(folder.path)", at: [node])
            #expect(!taken.isSuccess && taken.errors.contains("the folder is not empty"))
            let file = folder.appending(path: "topic-orders.wbk")
            let whole = try Data(contentsOf: file)
            let stream = cluster.folder.appending(path: "stream.wbk")
            let contents = folder.appending(path: "contents.wbk")
            try (whole + Data(contentsOf: contents)).write(to: stream)
            func refusal(_ command: String, _ text: String) throws {
                let refused = try wiber(command, at: [node])
                #expect(!refused.isSuccess && refused.errors.contains(text), "\(refused)")
            }
            for place in [0, 9, 13, 30, whole.count / 2, whole.count - 1] {
                var damaged = whole
                damaged[place] ^= 4
                try damaged.write(to: file)
                try refusal("backup --verify \(folder.path)", "damaged")
                try refusal("restore \(folder.path) --topic orders --as copy", "damaged")
            }
            try whole.prefix(whole.count - 1).write(to: file)
            try refusal("backup --verify \(folder.path)", "ends early")
            try whole.write(to: file)
            try FileManager.default.removeItem(at: contents)
            try refusal("backup --verify \(folder.path)", "no whole backup")
            try refusal("restore \(folder.path) --topic orders --as copy", "no whole backup")
            try refusal("backup nothing --to \(folder.path)x", "there is no topic of this name")
            try refusal("backup --verify \(folder.path)x", "no whole backup")
            try refusal("backup orders", "--to")
            try refusal("restore \(folder.path) --as copy", "need --topic")
            #expect(try HTTP.get("/api/topics/copy", port: node.httpPort).status == 404)
            let piped = try Command.run([
                "/bin/sh", "-c",
                "\(try Settings.binary()) backup orders --to - --server nats://127.0.0.1:\(node.port)"
                    + " | \(try Settings.binary()) restore - --topic orders --as copy --no-subjects"
                    + " --server nats://127.0.0.1:\(node.port)",
            ])
            #expect(piped.isSuccess, "\(piped.errors)")
            try expectSame(("orders", node), ("copy", node))
        }

        @Test func `topics that were restored before are left alone, and subjects may be others`()
            throws
        {
            let cluster = try Cluster.started(nodes: 1, topics: "  - name: orders\n")
            let node = cluster.nodes[0]
            let client = try node.client()
            #expect(try client.request("PUB orders one") == "OK 1")
            #expect(try client.request("PUB empty one") == "OK 1")
            let purged = try wiber("topic purge empty --yes", at: [node])
            #expect(purged.isSuccess, "\(purged.errors)")
            let folder = cluster.folder.appending(path: "saved").path
            let saved = try wiber("backup --all --to \(folder)", at: [node])
            #expect(saved.isSuccess, "\(saved.errors)")
            let subjects = try wiber(
                "restore \(folder) --topic orders --as shop --subject shop.* --subject sales.>",
                at: [node]
            )
            #expect(subjects.isSuccess, "\(subjects.errors)")
            #expect(try node.topic("shop").subjects == ["shop.*", "sales.>"])
            #expect(try client.request("PUB sales.eu.x two") == "OK 2")
            let bad = try wiber(
                "restore \(folder) --topic orders --as x --subject a..b",
                at: [node]
            )
            #expect(!bad.isSuccess && bad.errors.contains("a subject is tokens"), "\(bad.errors)")
            let other = try Cluster.started(nodes: 1)
            for words in ["--topic orders", "", ""] {
                let restored = try wiber("restore \(folder) \(words)", at: other.nodes)
                #expect(restored.isSuccess, "\(restored.errors)")
                #expect(words != "" || restored.errors.contains("orders was restored"))
            }
            let copy = try other.nodes[0].client()
            #expect(try copy.request("PUB orders two") == "OK 2")
            #expect(try copy.request("PUB empty two") == "OK 2")
            #expect(try other.nodes[0].topic("empty").firstSequence == 2)
        }
    }
}
