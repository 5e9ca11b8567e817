/// A first-in, first-out queue that keeps its memory.
///
/// Grows by doubling and never shrinks; whoever owns one bounds its length.
public struct RingBuffer<Element> {
    @usableFromInline var slots: [Element?]
    @usableFromInline var head = 0
    @usableFromInline var length = 0
    /// How many elements wait.
    @inlinable public var count: Int { length }

    /// An empty queue.
    @inlinable
    public init() { slots = [] }

    /// Whether nothing waits.
    @inlinable
    public var isEmpty: Bool { count == 0 }
    /// The oldest element.
    @inlinable
    public var first: Element? { count == 0 ? nil : slots[head] }
    /// The newest element.
    @inlinable
    public var last: Element? { count == 0 ? nil : slots[position(count - 1)] }

    /// The element that is `index` places behind the oldest.
    ///
    /// - Precondition: `index` is in `0 ..< count`.
    @inlinable
    public subscript(index: Int) -> Element {
        get {
            precondition(index >= 0 && index < count, "index \(index) of \(count)")
            guard let element = slots[position(index)] else { fatalError("an empty slot") }
            return element
        }
        _modify {
            precondition(index >= 0 && index < count, "index \(index) of \(count)")
            let place = position(index)
            guard var element = slots[place] else { fatalError("an empty slot") }
            slots[place] = nil  // The only owner changes it in place, without a copy.
            defer { slots[place] = element }
            yield &element
        }
    }

    /// Adds at the end.
    @inlinable
    public mutating func append(_ element: Element) {
        if count == slots.count { grow() }
        slots[position(count)] = element
        length += 1
    }

    /// Takes the oldest.
    @inlinable
    @discardableResult
    public mutating func popFirst() -> Element? {
        guard count > 0 else { return nil }
        defer {
            slots[head] = nil
            head = position(1)
            length -= 1
        }
        return slots[head]
    }

    /// Takes the newest.
    @inlinable
    @discardableResult
    public mutating func popLast() -> Element? {
        guard count > 0 else { return nil }
        length -= 1
        defer { slots[position(count)] = nil }
        return slots[position(count)]
    }

    /// Drops everything and keeps the memory.
    @inlinable
    public mutating func removeAll() {
        while popFirst() != nil {}
    }

    @inlinable func position(_ index: Int) -> Int { (head + index) & (slots.count - 1) }

    @inlinable mutating func grow() {
        var larger: [Element?] = []
        larger.reserveCapacity(max(8, slots.count * 2))
        for index in 0..<count { larger.append(slots[position(index)]) }
        larger.append(contentsOf: repeatElement(nil, count: max(8, slots.count * 2) - count))
        slots = larger
        head = 0
    }
}

extension RingBuffer: Sendable where Element: Sendable {}
