import WiberBase

/// What is to happen, by time; what is due at the same time happens in the order it was added.
struct Agenda<Action> {
    private struct Item {
        let at: Instant
        let order: UInt64
        let action: Action

        func isBefore(_ other: Item) -> Bool { (at, order) < (other.at, other.order) }
    }

    private var heap: [Item] = []
    private var added: UInt64 = 0

    /// When the first action is due.
    var nextTime: Instant? { heap.first?.at }

    mutating func add(_ action: Action, at time: Instant) {
        heap.append(Item(at: time, order: added, action: action))
        added += 1
        var place = heap.count - 1
        while place > 0, heap[place].isBefore(heap[(place - 1) / 2]) {
            heap.swapAt(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
    }

    mutating func popFirst() -> (at: Instant, action: Action)? {
        guard let first = heap.first else { return nil }
        let last = heap.removeLast()
        guard !heap.isEmpty else { return (first.at, first.action) }
        heap[0] = last
        var place = 0
        while true {
            var least = place
            for child in [2 * place + 1, 2 * place + 2]
            where child < heap.count && heap[child].isBefore(heap[least]) {
                least = child
            }
            guard least != place else { break }
            heap.swapAt(place, least)
            place = least
        }
        return (first.at, first.action)
    }
}
