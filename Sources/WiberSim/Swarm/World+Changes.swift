import WiberBase
import WiberNode

/// Changes of the cluster that people ask for, at any time.
extension World {
    /// Asks for another set of nodes for a topic; sometimes for another one right after.
    func move(_ fault: Fault, _ place: Int, _ random: inout RandomSource) {
        let topic = random.pick(settings.topics) ?? "news"
        for number in 0..<(random.chance(perMille: 200) ? 2 : 1) {
            let nodes = someNodes(&random)
            let token = UInt64(fault.number * 4 + number) + 1 << 32
            handle(place, .admin(token, .moveTopic(name: topic, nodes: nodes)))
        }
    }

    /// Two nodes at least, so that none of them alone has what was acknowledged.
    private func someNodes(_ random: inout RandomSource) -> [String] {
        var nodes = machines.map(\.name)
        nodes.shuffle(using: &random)
        let count = random.chance(perMille: 700) ? 3 : 2
        return Array(nodes.prefix(min(count, machines.count)))
    }

    /// Makes a topic that no client uses, or deletes it; there are a few names, used again and again.
    func scratch(_ fault: Fault, _ place: Int, _ random: inout RandomSource) {
        let name = "scratch-\(random.draw(0...2))"
        let token = UInt64(fault.number) + 2 << 32
        guard random.chance(perMille: 500) else {
            return handle(place, .admin(token, .deleteTopic(name: name)))
        }
        let topic = TopicConfiguration(name: name, replicas: min(3, machines.count))
        handle(place, .admin(token, .createTopic(topic)))
    }

    /// Drains a node, and ends that later.
    func drain(_ fault: Fault, _ place: Int, _ random: inout RandomSource) {
        let node = machines[random.place(machines.count)].name
        let token = UInt64(fault.number) + 3 << 32
        handle(place, .admin(token, .drain(node: node, true)))
        after(fault.length) { world in
            world.handle(place, .admin(token + 1 << 31, .drain(node: node, false)))
        }
    }

    /// Removes one message from the middle of a topic, or those of some subjects, or changes how long
    /// they stay.
    func remove(_ fault: Fault, _ place: Int, _ random: inout RandomSource) {
        guard let keys = ledger.topics["keys"], keys.last > 0 else { return }
        let token = UInt64(fault.number) + 5 << 32
        if random.chance(perMille: 300) {
            return handle(place, .admin(token, .updateTopic(name: "keys", changes(&random))))
        }
        if random.chance(perMille: 600) {
            let sequence = keys.last - random.draw(0...min(keys.last - 1, 30))
            ledger.topics["keys"]?.asked.insert(sequence)
            let one = Sequence(sequence)
            let isErasing = random.chance(perMille: 500)
            return handle(
                place,
                .admin(token, isErasing ? .erase(topic: "keys", one) : .remove(topic: "keys", one))
            )
        }
        let number = random.draw(0...Settings.subjects)
        let subject = "keys." + (number == Settings.subjects ? "*" : "\(number)")
        for (sequence, message) in keys.live
        where number == Settings.subjects || message.subject == subject {
            ledger.topics["keys"]?.asked.insert(sequence)
        }
        handle(
            place,
            .admin(
                token,
                .purgeSubject(
                    topic: "keys",
                    subject: subject,
                    before: Sequence(keys.last + 1),
                    keep: random.draw(0...1)
                )
            )
        )
    }

    /// Another time to live, or a floor that is higher.
    private func changes(_ random: inout RandomSource) -> TopicChanges {
        var changes = TopicChanges()
        if settings.keysFloor != nil, random.chance(perMille: 500) {
            let floor = (ledger.topics["keys"]?.last ?? 0) + random.draw(0...40)
            ledger.raiseFloor("keys", to: floor)
            changes.keepFrom = .some(ledger.topics["keys"]?.floor)
        } else {
            let lives = [nil, 1_000_000_000, 2_000_000_000, 6_000_000_000] as [UInt64?]
            changes.timeToLiveDefault = .some(random.pick(lives) ?? nil)
        }
        return changes
    }

    /// Removes messages of the topic whose messages leave anyhow, some or all.
    func purge(_ fault: Fault, _ place: Int, _ random: inout RandomSource) {
        guard let view = leader(of: "short").flatMap({ machines[$0].core?.view(of: "short") })
        else {
            return
        }
        let next = view.nextSequence.rawValue
        let before = Sequence(next - random.draw(0...min(next - 1, 20)))
        purged = max(purged, before)
        let token = UInt64(fault.number) + 4 << 32
        handle(place, .admin(token, .purge(topic: "short", before: before)))
    }
}
