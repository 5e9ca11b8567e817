import Testing
import WiberBase

@testable import WiberLog

@Suite("Groups that are opened together (rule 9)")
struct RegistrationTests {
    @Test func `a power cut while several groups are opened is no damage`() throws {
        for operation in 1...5 {
            for seed in UInt64(0)..<20 {
                let disk = MemoryDisk()
                var driver = try LogDriver(disk, seed: 3)
                for (id, _) in LogDriver.groups { driver.append(id, count: 1) }
                disk.fail(at: disk.operations + operation, .crash, seed: seed)
                try? driver.runJob()
                let what = "operation \(operation), seed \(seed)"
                _ = try driver.reopen(disk.afterPowerCut(seed: seed), what)
            }
        }
    }
}
