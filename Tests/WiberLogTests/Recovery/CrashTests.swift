import Testing
import WiberBase

@testable import WiberLog

@Suite("A crash at every operation (rules 1 to 4)")
struct CrashTests {
    /// Runs a workload until the disk fails.
    static func run(_ disk: MemoryDisk, seed: UInt64, steps: Int) -> LogDriver? {
        guard var driver = try? LogDriver(disk, seed: seed) else { return nil }
        do {
            for _ in 0..<steps { try driver.step() }
            try driver.settle()
        } catch {}
        return driver
    }

    static let operations: Int = {
        let disk = MemoryDisk()
        _ = run(disk, seed: 11, steps: 300)
        return disk.operations
    }()

    @Test(arguments: [false, true])
    func `nothing that was reported durable is lost`(isPowerCut: Bool) throws {
        for operation in 1...Self.operations {
            let disk = MemoryDisk()
            disk.fail(at: operation, .crash, seed: UInt64(operation))
            guard let driver = Self.run(disk, seed: 11, steps: 300) else { continue }
            let after =
                isPowerCut
                ? disk.afterPowerCut(seed: UInt64(operation)) : disk.afterProcessCrash()
            // A slot that was cut short looks like rot, and has a twin; nothing else may look so.
            let damages = try LogCheck.run(after).damages
            #expect(damages.filter { !$0.what.hasPrefix("one of two copies") } == [])
            _ = try driver.reopen(after, "operation \(operation)")
        }
    }

    @Test func `a failed sync ends the process and loses nothing that was reported`() throws {
        for operation in stride(from: 1, through: Self.operations, by: 2) {
            let disk = MemoryDisk()
            disk.fail(at: operation, .failedSync, seed: UInt64(operation))
            guard let driver = Self.run(disk, seed: 11, steps: 300) else { continue }
            let restarted = disk.afterProcessCrash()
            let next = try driver.reopen(restarted, "operation \(operation)")
            // What the start took over from the page cache is durable now, power cut or not.
            let cut = restarted.afterPowerCut(seed: UInt64(operation))
            _ = try next.reopen(cut, "power cut after operation \(operation)")
        }
    }

    @Test(arguments: 0..<20)
    func `many crashes in a row lose nothing`(seed: UInt64) throws {
        var random = RandomSource(seed: seed)
        var disk = MemoryDisk()
        guard var driver = Self.run(disk, seed: seed, steps: 100) else { return }
        for round in 0..<12 {
            let what = "seed \(seed), round \(round)"
            let isCut = Bool.random(using: &random)
            disk = isCut ? disk.afterPowerCut(seed: random.next()) : disk.afterProcessCrash()
            // The start itself may be hit.
            let copy = disk.afterProcessCrash()
            let early = Int.random(in: 1...40, using: &random)
            copy.fail(at: early, .crash, seed: random.next())
            if (try? driver.reopen(copy, what)) == nil {
                let isCut = Bool.random(using: &random)
                disk = isCut ? copy.afterPowerCut(seed: random.next()) : copy.afterProcessCrash()
            }
            driver = try driver.reopen(disk, what)
            driver.random = RandomSource(seed: random.next())
            let operation = disk.operations + Int.random(in: 1...200, using: &random)
            disk.fail(at: operation, .crash, seed: random.next())
            do {
                for _ in 0..<150 { try driver.step() }
            } catch {}
        }
    }
}
