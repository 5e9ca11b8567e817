/// A world of which everything that can happen next can be listed: what an explorer walks through.
///
/// A value: to try two things, copy it.
package protocol StateSpace {
    /// Something that can happen.
    associatedtype Action

    /// Everything that can happen now, in an order that depends on the state only.
    var actions: [Action] { get }
    /// Equal for states from which the same can happen, and only for those.
    var stateHash: StateHash { get }
    /// The first promise that was broken; `nil` while all hold.
    var violation: String? { get }

    /// Lets `action`, one of ``actions``, happen.
    mutating func perform(_ action: Action)
    /// What `action` is, in words, before it happens.
    func describe(_ action: Action) -> String
    /// The state, a line for each part that has changed.
    func changes(since before: Self) -> [String]
}
