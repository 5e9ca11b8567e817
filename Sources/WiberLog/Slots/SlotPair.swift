import WiberBase

/// Why one copy of a record has to be written again.
enum SlotRepair: Equatable {
    /// It is good and older: the process ended between the two writes.
    case older
    /// It is bad: a write was cut short, or it rotted.
    case damaged
}

/// What the two copies of a record say together.
enum SlotPair<Record: SlotRecord>: Equatable {
    /// Neither copy was ever written.
    case absent
    /// One copy is bad and the other was never written: the record never existed. Its very first
    /// write was cut short, or nothing was there and rotted.
    case torn
    /// The first copy is good, the second was never written.
    case firstOnly(Record)
    /// Usable; the other copy has to be written again unless `repair` is `nil`.
    case good(Record, repair: SlotRepair?)
    /// Neither copy can be used, though both were written.
    case damaged

    private enum Copy {
        case zero
        case bad
        case good(Record)
    }

    /// Reads both copies of record `number` from the bytes of the whole file; a copy that belongs
    /// elsewhere, where a write went astray, is a bad one.
    init(_ file: [UInt8], number: Int, where belongs: (Record) -> Bool = { _ in true }) {
        let first = Self.copy(file, Record.offset(of: number, .first), belongs)
        let second = Self.copy(file, Record.offset(of: number, .second), belongs)
        switch (first, second) {
        case (.good(let one), .good(let two)):
            if one == two {
                self = .good(one, repair: nil)
            } else if one.generation == two.generation {
                self = .damaged
            } else {
                self = .good(one.generation > two.generation ? one : two, repair: .older)
            }
        case (.good(let one), .zero): self = .firstOnly(one)
        case (.good(let one), .bad), (.zero, .good(let one)), (.bad, .good(let one)):
            self = .good(one, repair: .damaged)
        case (.zero, .zero): self = .absent
        case (.bad, .zero), (.zero, .bad): self = .torn
        case (.bad, .bad): self = .damaged
        }
    }

    private static func copy(_ file: [UInt8], _ offset: Int, _ belongs: (Record) -> Bool) -> Copy {
        let end = min(file.count, offset + Record.slotSize)
        guard offset < end else { return .zero }
        return file.withUnsafeBytes { bytes in
            let slot = UnsafeRawBufferPointer(rebasing: bytes[offset..<end])
            if slot.isZero { return .zero }
            guard let record = try? Record.decode(slot), belongs(record) else { return .bad }
            return .good(record)
        }
    }
}

extension SlotRecord {
    /// Writes one copy of each record, and makes them durable.
    static func steps(
        _ records: [(number: Int, record: Self)],
        _ copy: SlotCopy,
        path: String
    ) -> [DiskStep] {
        guard !records.isEmpty else { return [] }
        var steps: [DiskStep] = records.map { number, record in
            .write(path: path, offset: offset(of: number, copy), bytes: record.encode())
        }
        steps.append(.sync(path: path))
        return steps
    }

    /// Writes both copies again at a start, whatever they say.
    ///
    /// What was read may be in the page cache only, or, after a failed sync, differ from the disk. So
    /// the file is synced as it is; then the copy that was not read is written, and the one that
    /// was read last: at any moment one of them is good on disk, and no older than what was read.
    static func rewriteSteps(
        _ records: [(number: Int, record: Self)],
        in file: [UInt8],
        path: String
    ) -> [DiskStep] {
        var steps: [DiskStep] = [.sync(path: path)]
        for isRead in [false, true] {
            for (number, record) in records {
                let bytes = record.encode()
                let first = offset(of: number, .first)
                let isFirstRead =
                    file.count >= first + slotSize
                    && Array(file[first..<first + slotSize]) == bytes
                let copy: SlotCopy = isFirstRead == isRead ? .first : .second
                steps.append(.write(path: path, offset: offset(of: number, copy), bytes: bytes))
            }
            steps.append(.sync(path: path))
        }
        return steps
    }

    /// Writes both copies, one after the other: at any moment one of them is good on disk.
    static func steps(_ records: [(number: Int, record: Self)], path: String) -> [DiskStep] {
        let first = steps(records, .first, path: path)
        return (Mutant.hardStateSyncedOnce.isOn ? first.dropLast() : first)
            + steps(records, .second, path: path)
    }

    /// Makes a record one that was never written.
    static func clear(_ number: Int, path: String) -> [DiskStep] {
        let zeros = [UInt8](repeating: 0, count: slotSize)
        return SlotCopy.allCases.map { copy in
            .write(path: path, offset: offset(of: number, copy), bytes: zeros)
        } + [.sync(path: path)]
    }
}
