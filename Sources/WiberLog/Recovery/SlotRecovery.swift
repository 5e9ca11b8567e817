import WiberBase

/// Reads superblock, `groups` and `hard`, and says what has to be written again.
struct SlotRecovery {
    let disk: any Disk
    private(set) var groups: [(slot: GroupSlot, hard: HardSlot)] = []
    private(set) var repairs: [String] = []
    private(set) var repairSteps: [DiskStep] = []
    private(set) var damages: [Damage] = []

    init(_ disk: any Disk) { self.disk = disk }

    /// The superblock; `nil` if the file does not exist.
    mutating func superblock() throws(LogError) -> Superblock? {
        guard let file = try readAll(Superblock.path) else { return nil }
        switch SlotPair<Superblock>(file, number: 0) {
        case .good(let block, needsRepair: false): return block
        case .good(let block, needsRepair: true), .firstOnly(let block):
            repairs.append("one copy of the superblock")
            repairSteps += Superblock.steps([(0, block)], path: Superblock.path)
            return block
        case .absent, .torn, .damaged:
            for copy in SlotCopy.allCases {
                if let format = Self.unknownFormat(file, copy) { throw .unknownFormat(format) }
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
            let pair = SlotPair<GroupSlot>(groupFile, number: number)
            switch pair {
            case .absent: ended = true
            case .torn:
                ended = true
                repairs.append("a group record that was cut short")
                repairSteps += Self.clear(number)
            case .damaged:
                damage(GroupSlot.path, number, "both copies of group record \(number)")
            case .firstOnly(let slot), .good(let slot, _):
                guard !ended, slot.number == UInt64(number) else {
                    damage(GroupSlot.path, number, "group record \(number) is out of place")
                    continue
                }
                add(slot, pair, hardFile)
            }
        }
        checkSurplus(hardFile)
    }

    private mutating func add(_ slot: GroupSlot, _ pair: SlotPair<GroupSlot>, _ hardFile: [UInt8]) {
        let number = groups.count
        guard number == Int(slot.number), !groups.contains(where: { $0.slot.group == slot.group })
        else { return damage(GroupSlot.path, number, "group \(slot.group) is out of place") }
        let isNew = pair == .firstOnly(slot)
        switch SlotPair<HardSlot>(hardFile, number: number) {
        case .good(let hard, let needsRepair):
            guard hard.group == slot.group else {
                damage(HardSlot.path, number, "the hard state of \(slot.group) is of \(hard.group)")
                break
            }
            groups.append((slot, hard))
            if needsRepair { repair(hard, number) }
        case .firstOnly(let hard) where hard.group == slot.group:
            groups.append((slot, hard))
            repair(hard, number)
        case .absent where isNew, .torn where isNew:
            let hard = HardSlot(group: slot.group)
            groups.append((slot, hard))
            repair(hard, number)
        case .absent, .torn, .damaged, .firstOnly:
            damage(HardSlot.path, number, "the hard state of group \(slot.group)")
        }
        guard pair != .good(slot, needsRepair: false) else { return }
        repairs.append("one copy of the record of group \(slot.group)")
        repairSteps += GroupSlot.steps([(number, slot)], path: GroupSlot.path)
    }

    private mutating func repair(_ hard: HardSlot, _ number: Int) {
        repairs.append("one copy of the hard state of group \(hard.group)")
        repairSteps += HardSlot.steps([(number, hard)], path: HardSlot.path)
    }

    /// A hard state is written after its group's record: one without a record has lost it.
    private mutating func checkSurplus(_ hardFile: [UInt8]) {
        let capacity = HardSlot.capacity(ofFile: hardFile.count)
        guard groups.count < capacity, damages.isEmpty else { return }
        for number in groups.count..<capacity
        where SlotPair<HardSlot>(hardFile, number: number) != .absent {
            damage(GroupSlot.path, number, "the record of the group with hard state \(number)")
        }
    }

    private mutating func damage(_ path: String, _ number: Int, _ what: String) {
        damages.append(Damage(path: path, what: "\(what) is missing or damaged"))
    }

    private static func clear(_ number: Int) -> [DiskStep] {
        let zeros = [UInt8](repeating: 0, count: GroupSlot.slotSize)
        let offset = GroupSlot.offset(of: number, .first)
        return [
            .write(path: GroupSlot.path, offset: offset, bytes: zeros),
            .sync(path: GroupSlot.path),
        ]
    }

    private static func unknownFormat(_ file: [UInt8], _ copy: SlotCopy) -> UInt64? {
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
                return value
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
