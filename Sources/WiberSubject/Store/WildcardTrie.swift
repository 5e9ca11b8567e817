/// The subscriptions to patterns with wildcards, as a tree with a token on each edge.
///
/// A node stands for the tokens on the way to it. Nodes are numbered, the root is 0, and a number
/// that comes free is used again. The children with a literal token are found through one index
/// for the whole tree, by parent and token; `*` has a field of its own, and the end `>` is no
/// node. A node without members and children is removed, and the last one gives the memory back.
///
/// Each walk goes level by level and does not recurse. A match visits a node at most once: never
/// more than there are tokens in all patterns, however deep the subject.
struct WildcardTrie: Sendable {
    private struct Node {
        /// Empty for `*`, and for the root.
        var token: [UInt8] = []
        var parent = 0
        /// The node behind `*`; the root if there is none.
        var any = 0
        /// The children with a literal token.
        var literalCount = 0
        /// Whose patterns end here.
        var members = Members.none
        /// Whose patterns go on with `>` and end.
        var restMembers = Members.none

        var isEmpty: Bool {
            members.isEmpty && restMembers.isEmpty && any == 0 && literalCount == 0
        }
    }

    private let hash: KeyedHash
    private var nodes = [Node()]
    private var free: [Int] = []
    private var index = SlotIndex()

    init(hash: KeyedHash) { self.hash = hash }

    /// The nodes in use, the root included.
    var nodeCount: Int { nodes.count - free.count }
    var isEmpty: Bool { nodeCount == 1 && nodes[0].isEmpty }

    /// Adds a subscription to a valid pattern, `false` if it is there.
    mutating func insert(
        _ id: SubscriptionID,
        _ pattern: UnsafeRawBufferPointer,
        queue: [UInt8]?
    ) -> Bool {
        var tokens = SubjectTokens(pattern)
        var node = 0
        while let token = tokens.next() {
            if token.isOnly(Subject.rest) {
                return nodes[node].restMembers.insert(id, queue: queue)
            }
            node = child(of: node, token) ?? addChild(of: node, token)
        }
        return nodes[node].members.insert(id, queue: queue)
    }

    /// Takes a subscription to a valid pattern out, `false` if it is not there.
    mutating func remove(
        _ id: SubscriptionID,
        _ pattern: UnsafeRawBufferPointer,
        queue: [UInt8]?
    ) -> Bool {
        var tokens = SubjectTokens(pattern)
        var node = 0
        while let token = tokens.next() {
            if token.isOnly(Subject.rest) {
                let isRemoved = nodes[node].restMembers.remove(id, queue: queue)
                prune(from: node)
                return isRemoved
            }
            guard let next = child(of: node, token) else { return false }
            node = next
        }
        let isRemoved = nodes[node].members.remove(id, queue: queue)
        prune(from: node)
        return isRemoved
    }

    /// Adds the members of all patterns that match a subject without empty tokens.
    func match(_ subject: UnsafeRawBufferPointer, into gathering: inout Gathering) {
        var tokens = SubjectTokens(subject)
        var level = [0]
        var nextLevel: [Int] = []
        while !level.isEmpty, let token = tokens.next() {
            for node in level {
                gathering.add(nodes[node].restMembers)
                if nodes[node].any != 0 { nextLevel.append(nodes[node].any) }
                if let next = literalChild(of: node, token) { nextLevel.append(next) }
            }
            swap(&level, &nextLevel)
            nextLevel.removeAll(keepingCapacity: true)
        }
        for node in level { gathering.add(nodes[node].members) }
    }

    // MARK: Nodes

    private func child(of node: Int, _ token: UnsafeRawBufferPointer) -> Int? {
        guard token.isOnly(Subject.any) else { return literalChild(of: node, token) }
        return nodes[node].any == 0 ? nil : nodes[node].any
    }

    private func literalChild(of parent: Int, _ token: UnsafeRawBufferPointer) -> Int? {
        guard nodes[parent].literalCount > 0 else { return nil }
        return index.find(hash(token, salt: UInt64(parent))) { number in
            nodes[number].parent == parent && token.isEqual(to: nodes[number].token)
        }
    }

    private mutating func addChild(of parent: Int, _ token: UnsafeRawBufferPointer) -> Int {
        let number = free.popLast() ?? nodes.count
        if number == nodes.count { nodes.append(Node()) }
        nodes[number].parent = parent
        if token.isOnly(Subject.any) {
            nodes[parent].any = number
        } else {
            nodes[number].token = Array(token)
            nodes[parent].literalCount += 1
            index.insert(hash(token, salt: UInt64(parent)), number)
        }
        return number
    }

    /// Removes a node if it is of no use any more, then its parent, and so on.
    private mutating func prune(from start: Int) {
        var number = start
        while number != 0, nodes[number].isEmpty {
            let parent = nodes[number].parent
            if nodes[number].token.isEmpty {
                nodes[parent].any = 0
            } else {
                nodes[parent].literalCount -= 1
                let hashed = nodes[number].token.withUnsafeBytes { hash($0, salt: UInt64(parent)) }
                index.remove(hashed, number)
            }
            nodes[number] = Node()
            free.append(number)
            number = parent
        }
        if nodeCount == 1 { forgetFreeNodes() }
    }

    private mutating func forgetFreeNodes() {
        nodes = [nodes[0]]
        free = []
    }
}
