import WiberBase

/// Reads superblock, `groups` and `hard`, and says what has to be written again.
struct SlotRecovery {
    let disk: any Disk
    private(set) var groups: [(slot: GroupSlot, hard: HardSlot)] = []
    private var known: Set<GroupID> = []
    /// Copies that are older or were never written: a crash explains them.
    private(set) var repairs: [String] = []
    /// Copies that are bad; their twins are good.
    private(set) var badCopies: [Damage] = []
    /// What has to be written before anything is answered (rule 2).
    var repairSteps: [DiskStep] {
        [.sync(path: GroupSlot.path)] + groupSteps + superblockSteps + hardSteps
    }
    private var groupSteps: [DiskStep] = []
    private var superblockSteps: [DiskStep] = []
    private var hardSteps: [DiskStep] = []
    private(set) var damages: [Damage] = []

    init(_ disk: any Disk) { self.disk = disk }

    /// The superblock; `nil` if the file does not exist.
    mutating func superblock() throws(LogError) -> Superblock? {
        guard let file = try readAll(Superblock.path) else { return nil }
        switch SlotPair<Superblock>(file, number: 0) {
        case .good(let block, let repair):
            if let repair { note(repair, "the superblock", path: Superblock.path) }
            superblockSteps = Superblock.rewriteSteps([(0, block)], in: file, path: Superblock.path)
            return block
        case .firstOnly(let block):
            note(.damaged, "the superblock", path: Superblock.path)
            superblockSteps = Superblock.rewriteSteps([(0, block)], in: file, path: Superblock.path)
            return block
        case .absent, .torn, .damaged:
            for copy in SlotCopy.allCases {
                if let (format, writer) = Self.unknownFormat(file, copy) {
                    throw .unknownFormat(format, by: writer)
                }
            }
            damages.append(Damage(path: Superblock.path, what: "both copies are damaged"))
            return nil
        }
    }

    /// All groups with their hard states.
    mutating func readGroups() throws(LogError) {
        guard let groupFile = try readAll(GroupSlot.path), let hardFile = try readAll(HardSlot.path)
        else { return damages.append(Damage(path: "groups, hard", what: "a file is missing")) }
        var ended = false
        for number in 0..<GroupSlot.capacity(ofFile: groupFile.count) {
            let pair = SlotPair<GroupSlot>(groupFile, number: number) {
                $0.number == UInt64(number)
            }
            switch pair {
            case .absent: ended = true
            case .torn:
                ended = true
                forget(number)
            case .firstOnly where ended && isAbsent(hardFile, number): forget(number)
            case .damaged:
                damage(GroupSlot.path, "both copies of record \(number)")
            case .firstOnly(let slot), .good(let slot, _):
                guard !ended else {
                    damage(GroupSlot.path, "the place of record \(number)")
                    continue
                }
                add(slot, pair, hardFile)
            }
        }
        let states = groups.enumerated().map { (number: $0.offset, record: $0.element.hard) }
        hardSteps = HardSlot.rewriteSteps(states, in: hardFile, path: HardSlot.path)
        checkSurplus(hardFile)
    }

    /// A record that was being written when the process ended, or one that was written with it:
    /// all hard states come after, so the group has never been used.
    private mutating func forget(_ number: Int) {
        repairs.append("\(GroupSlot.path): record \(number), of no group, was damaged or cut short")
        groupSteps += GroupSlot.clear(number, path: GroupSlot.path)
    }

    private func isAbsent(_ hardFile: [UInt8], _ number: Int) -> Bool {
        SlotPair<HardSlot>(hardFile, number: number) == .absent
    }

    private mutating func add(_ slot: GroupSlot, _ pair: SlotPair<GroupSlot>, _ hardFile: [UInt8]) {
        let number = groups.count
        guard slot.number == UInt64(number), known.insert(slot.group).inserted else {
            return damage(GroupSlot.path, "the place of the record of group \(slot.group)")
        }
        addHard(slot, isNew: pair == .firstOnly(slot), hardFile)
        let what = "the record of group \(slot.group)"
        switch pair {
        case .good(_, let repair?):
            note(repair, what, path: GroupSlot.path)
            groupSteps += GroupSlot.steps([(number, slot)], path: GroupSlot.path)
        case .firstOnly:
            note(.older, what, path: GroupSlot.path)
            groupSteps += GroupSlot.steps([(number, slot)], path: GroupSlot.path)
        case .good(_, nil), .absent, .torn, .damaged: break
        }
    }

    private mutating func addHard(_ slot: GroupSlot, isNew: Bool, _ hardFile: [UInt8]) {
        let number = groups.count
        let what = "the hard state of group \(slot.group)"
        let found: HardSlot
        var repair: SlotRepair?
        switch SlotPair<HardSlot>(hardFile, number: number, where: { $0.group == slot.group }) {
        case .good(let hard, let needed):
            found = hard
            repair = needed
        case .firstOnly(let hard):
            found = hard
            repair = .older
        case .absent where isNew, .torn where isNew:
            found = HardSlot(group: slot.group)
            repair = .older
        case .absent, .torn, .damaged:
            return damage(HardSlot.path, what)
        }
        groups.append((slot, found))
        if let repair { note(repair, what, path: HardSlot.path) }
    }

    /// A hard state is written after its group's record: one without a record has lost it.
    private mutating func checkSurplus(_ hardFile: [UInt8]) {
        let capacity = HardSlot.capacity(ofFile: hardFile.count)
        guard groups.count < capacity, damages.isEmpty else { return }
        for number in groups.count..<capacity {
            switch SlotPair<HardSlot>(
                hardFile,
                number: number,
                where: { !known.contains($0.group) }
            ) {
            case .absent: break
            case .torn:
                repairs.append("\(HardSlot.path): hard state \(number), of no group, was damaged")
                hardSteps += HardSlot.clear(number, path: HardSlot.path)
            case .damaged:
                damage(HardSlot.path, "hard state \(number), which no group has,")
            case .firstOnly, .good:
                damage(GroupSlot.path, "the record of the group with hard state \(number)")
            }
        }
    }

    private mutating func note(_ repair: SlotRepair, _ what: String, path: String) {
        switch repair {
        case .older: repairs.append("\(path): one copy of \(what) was older")
        case .damaged:
            badCopies.append(Damage(path: path, what: "one of two copies of \(what) is damaged"))
        }
    }

    private mutating func damage(_ path: String, _ what: String) {
        damages.append(Damage(path: path, what: "\(what) is missing or damaged"))
    }

    private static func unknownFormat(
        _ file: [UInt8],
        _ copy: SlotCopy
    ) -> (format: UInt64, writer: String)? {
        let start = Superblock.offset(of: 0, copy)
        guard file.count >= start + Superblock.slotSize else { return nil }
        return file.withUnsafeBytes { bytes in
            let slot = UnsafeRawBufferPointer(
                rebasing: bytes[start..<start + Superblock.slotSize]
            )
            do throws(CodecError) {
                _ = try Superblock.decode(slot)
                return nil
            } catch .invalid(field: "format", let value) {
                return (value, Superblock.writer(ofUnknown: slot))
            } catch {
                return nil
            }
        }
    }

    private func readAll(_ path: String) throws(LogError) -> [UInt8]? {
        do throws(DiskError) {
            guard let size = try disk.size(path) else { return nil }
            return try disk.read(path, at: 0, count: size)
        } catch {
            throw .disk(error)
        }
    }
}
