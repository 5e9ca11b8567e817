/// What is to happen, by time; what is due at the same time happens in the order it was added.
///
/// Actions lie in a slab, so that the heap moves only small plain values.
struct Agenda<Action> {
    private struct Item {
        let at: UInt64
        let order: UInt64
        let slot: Int

        func isBefore(_ other: Item) -> Bool { (at, order) < (other.at, other.order) }
    }

    private var heap: [Item] = []
    private var actions: [Action?] = []
    private var free: [Int] = []
    private var added: UInt64 = 0

    /// When the first action is due, in nanoseconds.
    var nextTime: UInt64? { heap.first?.at }
    /// How many actions wait.
    var count: Int { heap.count }

    mutating func add(_ action: Action, at time: UInt64) {
        let slot = free.popLast() ?? actions.count
        if slot == actions.count { actions.append(action) } else { actions[slot] = action }
        heap.append(Item(at: time, order: added, slot: slot))
        added += 1
        siftUp()
    }

    mutating func popFirst() -> (at: UInt64, action: Action)? {
        guard let first = heap.first, let action = actions[first.slot] else { return nil }
        actions[first.slot] = nil
        free.append(first.slot)
        let last = heap.removeLast()
        if !heap.isEmpty {
            heap[0] = last
            siftDown()
        }
        return (first.at, action)
    }

    private mutating func siftUp() {
        var place = heap.count - 1
        while place > 0, heap[place].isBefore(heap[(place - 1) / 2]) {
            heap.swapAt(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
    }

    private mutating func siftDown() {
        var place = 0
        while true {
            var least = place
            let left = 2 * place + 1
            if left < heap.count, heap[left].isBefore(heap[least]) { least = left }
            if left + 1 < heap.count, heap[left + 1].isBefore(heap[least]) { least = left + 1 }
            guard least != place else { return }
            heap.swapAt(place, least)
            place = least
        }
    }
}
