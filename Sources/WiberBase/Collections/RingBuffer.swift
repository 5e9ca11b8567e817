/// A first-in, first-out queue that keeps its memory.
///
/// Grows by doubling and never shrinks; whoever owns one bounds its length.
public struct RingBuffer<Element> {
    private var slots: [Element?]
    private var head = 0
    /// How many elements wait.
    public private(set) var count = 0

    /// An empty queue.
    public init() { slots = [] }

    /// Whether nothing waits.
    public var isEmpty: Bool { count == 0 }
    /// The oldest element.
    public var first: Element? { count == 0 ? nil : slots[head] }
    /// The newest element.
    public var last: Element? { count == 0 ? nil : slots[position(count - 1)] }

    /// The element that is `index` places behind the oldest.
    ///
    /// - Precondition: `index` is in `0 ..< count`.
    public subscript(index: Int) -> Element {
        get {
            precondition(index >= 0 && index < count, "index \(index) of \(count)")
            guard let element = slots[position(index)] else { fatalError("an empty slot") }
            return element
        }
        set {
            precondition(index >= 0 && index < count, "index \(index) of \(count)")
            slots[position(index)] = newValue
        }
    }

    /// Adds at the end.
    public mutating func append(_ element: Element) {
        if count == slots.count { grow() }
        slots[position(count)] = element
        count += 1
    }

    /// Takes the oldest.
    @discardableResult
    public mutating func popFirst() -> Element? {
        guard count > 0 else { return nil }
        defer {
            slots[head] = nil
            head = position(1)
            count -= 1
        }
        return slots[head]
    }

    /// Takes the newest.
    @discardableResult
    public mutating func popLast() -> Element? {
        guard count > 0 else { return nil }
        count -= 1
        defer { slots[position(count)] = nil }
        return slots[position(count)]
    }

    /// Drops everything and keeps the memory.
    public mutating func removeAll() {
        while popFirst() != nil {}
    }

    private func position(_ index: Int) -> Int { (head + index) & (slots.count - 1) }

    private mutating func grow() {
        var larger: [Element?] = []
        larger.reserveCapacity(max(8, slots.count * 2))
        for index in 0..<count { larger.append(slots[position(index)]) }
        larger.append(contentsOf: repeatElement(nil, count: max(8, slots.count * 2) - count))
        slots = larger
        head = 0
    }
}

extension RingBuffer: Sendable where Element: Sendable {}
