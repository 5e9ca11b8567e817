import Glibc
import Testing
import WiberBase
import WiberLog
import WiberNIO

@Suite("A data directory on a real file system")
struct PosixDiskTests {
    /// A new directory for one test; the system's temporary directory is emptied by the system.
    private func makeRoot() -> String {
        let unique = String(repeating: "X", count: 6)
        var template = Array("/tmp/wiber-disk-\(unique)".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { buffer in
            buffer.baseAddress.map { mkdtemp($0) != nil } ?? false
        }
        #expect(made)
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    @Test func `what was written is read, and a file's end ends a read`() throws {
        let disk = PosixDisk(root: makeRoot())
        #expect(try disk.size("a") == nil)
        try disk.create("a")
        try disk.write("a", at: 3, [1, 2, 3])
        try disk.create("a")
        #expect(try disk.read("a", at: 0, count: 100) == [0, 0, 0, 1, 2, 3])
        #expect(try disk.read("a", at: 50, count: 5) == [])
        try disk.sync("a")
        try disk.truncate("a", to: 4)
        #expect(try disk.size("a") == 4)
        try disk.rename("a", to: "b")
        #expect(try disk.list("") == ["b"])
        #expect(try disk.read("b", at: 3, count: 9) == [1])
        try disk.remove("b")
        #expect(try disk.list("") == [])
        #expect(try disk.list("missing") == [])
    }

    @Test func `a new file of zeros replaces what had its name`() throws {
        let disk = PosixDisk(root: makeRoot())
        try disk.makeDirectory("d")
        try disk.makeDirectory("d")
        try disk.create("d/a")
        try disk.write("d/a", at: 0, [9, 9, 9])
        try disk.createZeroed("d/a", size: 3_000_000)
        #expect(try disk.size("d/a") == 3_000_000)
        #expect(try disk.read("d/a", at: 0, count: 4) == [0, 0, 0, 0])
        try disk.syncDirectory("d")
        try disk.syncAll()
    }

    @Test func `an error names the call, the file and the reason`() throws {
        let disk = PosixDisk(root: makeRoot())
        let error = #expect(throws: DiskError.self) { try disk.read("none", at: 0, count: 1) }
        #expect(error?.path == "none" && error?.code == ENOENT)
        #expect(error?.description.contains("No such file") == true)
    }

    @Test func `a file that is gone does not come back by a write`() throws {
        let root = makeRoot()
        try PosixDisk(root: root).create("a")
        #expect(unlink(root + "/a") == 0)
        let disk = PosixDisk(root: root)
        let error = #expect(throws: DiskError.self) { try disk.write("a", at: 0, [1]) }
        #expect(error?.code == ENOENT)
        #expect(try disk.size("a") == nil)
    }

    @Test func `open files are bounded`() throws {
        let disk = PosixDisk(root: makeRoot())
        for number in 0..<PosixDisk.openFilesMax * 3 {
            try disk.create("f\(number)")
            try disk.write("f\(number)", at: 0, [UInt8(truncatingIfNeeded: number)])
        }
        let open = try PosixDisk(root: "/proc/self").list("fd").count
        #expect(open < PosixDisk.openFilesMax + 200)
        for number in 0..<PosixDisk.openFilesMax * 3 {
            let bytes = try disk.read("f\(number)", at: 0, count: 1)
            #expect(bytes == [UInt8(truncatingIfNeeded: number)])
        }
    }

    @Test func `a directory has one user, and says which`() throws {
        let root = makeRoot() + "/some/where"
        let first = try DataDirectory(path: root)
        #expect(DataDirectory.processID(in: root) == Int(getpid()))
        let error = #expect(throws: DataDirectoryError.self) { _ = try DataDirectory(path: root) }
        #expect(error?.description.contains("in use by process \(getpid())") == true)
        first.removeProcessID()
        #expect(DataDirectory.processID(in: root) == nil)
    }

    @Test func `a log lives on it from open to open`() throws {
        let disk = PosixDisk(root: makeRoot())
        let identity = LogIdentity(
            nodeID: NodeID(1),
            nodeName: "n1",
            newStoreID: UniqueID(high: 1, low: 2),
            bootID: .zero
        )
        var options = LogOptions()
        options.segmentSize = 64 << 10
        options.flushThreshold = 16 << 10
        options.walFileSize = 256 << 10
        options.firstWALFileSize = 64 << 10
        options.retainedBytes = 0
        var (store, _) = try LogStore.open(disk, options: options, identity: identity)
        store.register(GroupID(3), name: "orders")
        var log: [Chunk] = []
        for _ in 0..<400 {
            var header = ChunkHeader()
            header.group = GroupID(3)
            header.term = Term(1)
            header.index = LogIndex(UInt64(log.count + 1))
            header.previousChecksum = log.last?.header.checksum ?? 0
            let chunk = Chunk.control(header, bytes: [UInt8](repeating: 7, count: 1_000))
            log.append(chunk)
            store.append(GroupID(3), [chunk], tag: Term(1))
            while let job = store.nextJob() {
                try job.run(on: disk)
                #expect(!store.complete(job).isEmpty || job.entryCount == 0)
            }
            store.commit(GroupID(3), through: header.index)
            while let job = store.nextFlush() {
                try job.run(on: disk)
                store.complete(job)
            }
        }
        #expect(try LogCheck.run(disk).damages == [])
        let (next, recovery) = try LogStore.open(disk, options: options, identity: identity)
        #expect(recovery.groups.map(\.last.index) == [LogIndex(400)])
        for chunk in log {
            let plan = next.plan(GroupID(3), from: chunk.id.index, byteBudget: 1)
            let found = try next.chunk(GroupID(3), at: chunk.id.index) ?? plan?.run(on: disk).first
            #expect(found?.bytes == chunk.bytes)
        }
    }
}
