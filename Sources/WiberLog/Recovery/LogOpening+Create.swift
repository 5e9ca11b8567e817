import WiberBase

extension LogOpening {
    /// Makes an empty directory; the superblock's name appears last, so that a crash before leaves
    /// a directory that is still empty.
    mutating func create() throws(LogError) -> (LogStore, Recovery) {
        let leftovers = try attempt { () throws(DiskError) in try self.leftovers() }
        guard leftovers.isEmpty else { throw .damaged(leftovers) }
        recovery.isNew = true
        var superblock = Superblock(
            storeID: identity.newStoreID,
            bootID: identity.bootID,
            nodeID: identity.nodeID,
            nodeName: identity.nodeName
        )
        superblock.incarnation = 1
        superblock.walFileCount = 1
        superblock.software = identity.software
        let file = WALFile(
            number: 1,
            size: max(WALFile.firstOffset + WALFile.blockSize, options.firstWALFileSize)
        )
        let header = BatchHeader(
            generation: 1,
            sequence: 1,
            durable: 0,
            oldestGeneration: 1,
            previousChecksum: 0
        )
        let batch = Batch(header, [], salt: superblock.salt)
        let temporary = Superblock.path + ".new"
        var steps: [DiskStep] = ["wal", "topics", "meta"].map(DiskStep.makeDirectory)
        steps += file.creationSteps(salt: superblock.salt)
        steps += [GroupSlot.path, HardSlot.path].map {
            .createZeroed(path: $0, size: 2 * GroupSlot.pageSize)
        }
        steps += [
            .batch(path: file.path, offset: WALFile.firstOffset, batch),
            .sync(path: file.path),
            .syncDirectory(path: ""),
        ]
        steps.append(.create(path: temporary))
        steps += Superblock.steps([(0, superblock)], path: temporary)
        try attempt { () throws(DiskError) in
            for step in steps { try step.run(on: disk) }
            try disk.rename(temporary, to: Superblock.path)
            if !Mutant.renameNotSynced.isOn { try disk.syncDirectory("") }
        }
        let wal = WriteAheadLog(
            salt: superblock.salt,
            active: file,
            offset: WALFile.firstOffset + batch.paddedLength,
            header: batch.header,
            free: [],
            lastNumber: 1,
            slots: []
        )
        return finish(superblock, wal)
    }

    /// Without a superblock nothing else may be there.
    private func leftovers() throws(DiskError) -> [Damage] {
        var leftovers: [Damage] = []
        for path in [GroupSlot.path, HardSlot.path] {
            guard let size = try disk.size(path),
                try disk.read(path, at: 0, count: size).contains(where: { $0 != 0 })
            else { continue }
            leftovers.append(Damage(path: path, what: "has records, and the superblock is missing"))
        }
        var directories = ["meta"]
        directories += try disk.list("topics").map { "topics/" + $0 }
        for directory in directories.sorted() where try !disk.list(directory).isEmpty {
            leftovers.append(
                Damage(path: directory, what: "has segments, and the superblock is missing")
            )
        }
        return leftovers
    }
}
