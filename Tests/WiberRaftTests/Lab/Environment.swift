import Foundation

/// A variable of the environment; `nil` if it is not set.
func environment(_ name: String) -> String? { ProcessInfo.processInfo.environment[name] }
