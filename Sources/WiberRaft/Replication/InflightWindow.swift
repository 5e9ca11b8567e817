import WiberBase

/// Byte counts by log index, first in and first out: appends on their way, or proposals without
/// their commit.
///
/// A ring of its own, because it is on the path of every proposal and acknowledgement.
struct InflightWindow: Sendable {
    private struct Item {
        var last: LogIndex
        var bytes: Int
    }
    private var items: [Item] = []
    private var head = 0
    private(set) var count = 0
    private(set) var bytes = 0

    var isEmpty: Bool { count == 0 }

    private func place(_ offset: Int) -> Int { (head &+ offset) & (items.count &- 1) }

    /// Adds something that ends at `last`.
    mutating func append(through last: LogIndex, bytes size: Int) {
        if count == items.count { grow() }
        items[place(count)] = Item(last: last, bytes: size)
        count += 1
        bytes += size
    }

    /// Takes out everything that ends at or before `index`.
    mutating func release(through index: LogIndex) {
        while count > 0, items[head].last <= index {
            bytes -= items[head].bytes
            head = place(1)
            count -= 1
        }
    }

    /// Takes out everything that ends after `index`.
    mutating func drop(after index: LogIndex) {
        while count > 0, items[place(count - 1)].last > index {
            bytes -= items[place(count - 1)].bytes
            count -= 1
        }
    }

    /// Takes out everything and keeps the memory.
    mutating func removeAll() {
        head = 0
        count = 0
        bytes = 0
    }

    /// Writes down what is in it, oldest first.
    func encode(into encoder: inout StateEncoder) {
        encoder.count(count)
        for offset in 0..<count {
            encoder.number(items[place(offset)].last.rawValue)
            encoder.count(items[place(offset)].bytes)
        }
    }

    private mutating func grow() {
        var larger: [Item] = []
        let capacity = max(4, items.count * 2)
        larger.reserveCapacity(capacity)
        for offset in 0..<count { larger.append(items[place(offset)]) }
        let filler = Item(last: .zero, bytes: 0)
        larger.append(contentsOf: repeatElement(filler, count: capacity - count))
        items = larger
        head = 0
    }
}
