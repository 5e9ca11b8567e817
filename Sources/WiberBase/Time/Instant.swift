/// A moment of the monotonic clock, in nanoseconds since some start of this machine.
public struct Instant: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Nanoseconds since the clock's start.
    public var nanoseconds: UInt64

    /// A moment.
    public init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    /// The clock's start.
    public static let zero = Instant(nanoseconds: 0)
    /// Later than every moment that comes: "never" for deadlines.
    public static let distantFuture = Instant(nanoseconds: .max)

    /// Milliseconds with the unit, as traces print it.
    public var description: String { "\(nanoseconds / 1_000_000) ms" }

    /// Orders by time.
    public static func < (left: Self, right: Self) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    /// The moment `span` later; saturates.
    public static func + (moment: Self, span: Span) -> Self {
        let (sum, overflow) = moment.nanoseconds.addingReportingOverflow(span.nanoseconds)
        return Instant(nanoseconds: overflow ? .max : sum)
    }

    /// How long after `earlier` this is; zero if it is not after it.
    public func since(_ earlier: Self) -> Span {
        Span(nanoseconds: nanoseconds > earlier.nanoseconds ? nanoseconds - earlier.nanoseconds : 0)
    }

    /// A length of time in nanoseconds; what `Duration` is, in one machine word.
    public struct Span: Hashable, Comparable, Sendable {
        /// The length, in nanoseconds.
        public var nanoseconds: UInt64
        /// A length in nanoseconds.
        public init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }
        /// A length in milliseconds; saturates.
        public static func milliseconds(_ count: UInt64) -> Span {
            let (product, overflow) = count.multipliedReportingOverflow(by: 1_000_000)
            return Span(nanoseconds: overflow ? .max : product)
        }
        /// A length in seconds; saturates.
        public static func seconds(_ count: UInt64) -> Span {
            let (product, overflow) = count.multipliedReportingOverflow(by: 1_000_000_000)
            return Span(nanoseconds: overflow ? .max : product)
        }
        /// Orders by length.
        public static func < (left: Self, right: Self) -> Bool {
            left.nanoseconds < right.nanoseconds
        }
    }
}
