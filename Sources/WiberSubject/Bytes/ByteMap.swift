/// A dictionary from bytes to values that looks borrowed bytes up without a copy.
///
/// Entries are numbered 0 ..< `count`. A removal gives the last entry the number that comes free,
/// so that there are no gaps, and the order depends on the changes only.
struct ByteMap<Value: Sendable>: Sendable {
    private struct Entry {
        let key: [UInt8]
        var value: Value
    }

    let hash: KeyedHash
    private var index = SlotIndex()
    private var entries: [Entry] = []

    init(hash: KeyedHash) { self.hash = hash }

    var count: Int { entries.count }

    /// The value of the entry with this number.
    subscript(number: Int) -> Value {
        get { entries[number].value }
        _modify { yield &entries[number].value }
    }

    func key(_ number: Int) -> [UInt8] { entries[number].key }

    /// The number of the entry with this key, whose hash is `hashed`.
    func find(_ key: UnsafeRawBufferPointer, _ hashed: UInt64) -> Int? {
        index.find(hashed) { key.isEqual(to: entries[$0].key) }
    }

    /// Adds a key that is not there.
    mutating func insert(_ key: UnsafeRawBufferPointer, _ hashed: UInt64, _ value: Value) {
        index.insert(hashed, entries.count)
        entries.append(Entry(key: Array(key), value: value))
    }

    /// Removes the entry with this number.
    mutating func remove(_ number: Int) {
        index.remove(hashOfKey(number), number)
        let last = entries.count - 1
        if number != last {
            index.renumber(hashOfKey(last), from: last, to: number)
            entries.swapAt(number, last)
        }
        entries.removeLast()
        entries.releaseSpareCapacity()
    }

    private func hashOfKey(_ number: Int) -> UInt64 {
        entries[number].key.withUnsafeBytes { hash($0) }
    }
}

extension Array {
    /// Moves to less memory if three quarters of what it has are not in use.
    mutating func releaseSpareCapacity() {
        guard capacity > 64, count * 4 < capacity else { return }
        var smaller: [Element] = []
        smaller.reserveCapacity(count * 2)
        smaller.append(contentsOf: self)
        self = smaller
    }
}
