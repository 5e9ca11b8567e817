import Foundation
import WiberBase

/// The kernel's name for this boot of the machine.
enum BootID {
    /// Zero if the kernel does not tell.
    static var current: UniqueID {
        let text = (try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8))
        let digits = (text ?? "").filter(\.isHexDigit)
        return UniqueID(
            high: UInt64(digits.prefix(16), radix: 16) ?? 0,
            low: UInt64(digits.dropFirst(16).prefix(16), radix: 16) ?? 0
        )
    }
}
