public import WiberBase

/// A subscription, by a number that whoever owns the table gave it.
///
/// Numbers are given out in rising order and not used again, so that their order is the order in
/// which the subscriptions came. A table that is told otherwise still works, and lists
/// subscriptions by number.
public struct SubscriptionID: Identifier {
    /// The bare number.
    public let rawValue: UInt64
    /// Wraps a raw number.
    public init(rawValue: UInt64) { self.rawValue = rawValue }
}
