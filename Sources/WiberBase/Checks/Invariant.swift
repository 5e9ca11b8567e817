/// Ends the process if `condition` does not hold: our own bug, never the world's fault.
///
/// Stays in every build, `-Ounchecked` included, because a replica that is wrong about itself
/// must stop before it tells others.
@inlinable
public func invariant(
    _ condition: @autoclosure () -> Bool,
    _ message: @autoclosure () -> String,
    file: StaticString = #fileID,
    line: UInt = #line
) {
    guard condition() else { fatalError("invariant: \(message())", file: file, line: line) }
}
