import Testing
import WiberBase
import WiberLog

@testable import WiberSim

@Suite("The simulated disk")
struct SimDiskTests {
    @Test(arguments: 1...40 as ClosedRange<UInt64>)
    func `what was synced survives a power cut, what was not may be there, in part, or not`(
        seed: UInt64
    ) throws {
        let disk = SimDisk(seed: seed)
        try disk.createZeroed("file", size: 4_096)
        try disk.syncDirectory("")
        try disk.write("file", at: 0, [UInt8](repeating: 1, count: 1_024))
        try disk.sync("file")
        try disk.write("file", at: 0, [UInt8](repeating: 2, count: 1_024))
        disk.cutPower()
        let bytes = try disk.read("file", at: 0, count: 1_024)
        for sector in 0..<2 {
            // A torn sector is new to somewhere, and old from there on.
            let part = bytes[sector * 512..<(sector + 1) * 512]
            #expect(part.drop { $0 == 2 }.allSatisfy { $0 == 1 })
        }
    }

    @Test func `a file without a synced name is lost by some power cuts`() throws {
        let outcomes = try (1...40 as ClosedRange<UInt64>).map { seed in
            let disk = SimDisk(seed: seed)
            try disk.createZeroed("file", size: 512)
            disk.cutPower()
            return try disk.size("file") != nil
        }
        #expect(outcomes.contains(true) && outcomes.contains(false))
    }

    @Test func `what was written last ends where the file does`() throws {
        let disk = SimDisk(seed: 1)
        try disk.createZeroed("file", size: 512)
        try disk.write("file", at: 100, [UInt8](repeating: 1, count: 100))
        #expect(disk.file("file")?.lastWritten == 100..<200)
        disk.file("file")?.loseEnd(from: 150)
        #expect(disk.file("file")?.lastWritten == 100..<150)
        disk.file("file")?.loseEnd(from: 50)
        #expect(disk.file("file")?.lastWritten.isEmpty == true)
    }

    @Test func `a file that is gone does not come back by a write`() throws {
        let disk = SimDisk(seed: 1)
        #expect(throws: DiskError.self) { try disk.write("file", at: 0, [7]) }
        try disk.create("file")
        try disk.write("file", at: 0, [7])
        try disk.create("file")
        #expect(try disk.read("file", at: 0, count: 1) == [7])
        disk.lose("file")
        #expect(throws: DiskError.self) { try disk.write("file", at: 0, [7]) }
        #expect(try disk.size("file") == nil)
    }

    @Test func `a process that dies leaves the page cache`() throws {
        let disk = SimDisk(seed: 1)
        try disk.createZeroed("file", size: 512)
        try disk.write("file", at: 0, [7])
        disk.processEnded()
        #expect(try disk.read("file", at: 0, count: 1) == [7])
    }

    @Test func `a failed sync leaves pages that only look clean`() throws {
        let disk = SimDisk(seed: 1)
        try disk.createZeroed("file", size: 512)
        try disk.syncDirectory("")
        try disk.write("file", at: 0, [7])
        disk.failsNextSync = true
        #expect(throws: DiskError.self) { try disk.sync("file") }
        disk.processEnded()
        #expect(try disk.read("file", at: 0, count: 1) == [7])
        try disk.sync("file")  // Nothing is dirty: nothing is written.
        disk.cutPower()
        #expect(try disk.read("file", at: 0, count: 1) == [0])
    }

    @Test func `a full disk takes no new file and no growth, and still overwrites`() throws {
        let disk = SimDisk(seed: 1)
        try disk.createZeroed("file", size: 512)
        disk.isFull = true
        #expect(throws: DiskError.self) { try disk.createZeroed("other", size: 512) }
        #expect(throws: DiskError.self) { try disk.write("file", at: 511, [1, 2]) }
        try disk.write("file", at: 511, [1])
    }
}
