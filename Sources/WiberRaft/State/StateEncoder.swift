/// Writes down what a state consists of, so that equal states have equal bytes.
///
/// Numbers have seven bits a byte, lowest first; whoever writes a list writes its length first.
package struct StateEncoder: Sendable {
    /// What was written.
    package private(set) var bytes: [UInt8] = []

    /// Nothing yet.
    package init() {}

    /// Writes a number of any size.
    package mutating func number(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    /// Writes a count, which is never negative.
    package mutating func count(_ value: Int) { number(UInt64(max(0, value))) }

    /// Writes yes or no.
    package mutating func flag(_ value: Bool) { bytes.append(value ? 1 : 0) }
}
