import WiberBase

/// What a start can do about headers, footers and files that are damaged or missing: each follows
/// from the file before it, or from the chunks.
extension SegmentRecovery {
    /// A file's header; what it must be says the file before.
    func header(_ file: File, _ reader: inout SegmentReader) throws(LogError) -> SegmentHeader {
        do throws(LogError) {
            return try reader.header()
        } catch {
            // Where its table cannot be read, nothing says where the header is.
            if case .disk = error, reader.isCompressed { throw error }
            guard var header = expectedHeader(file.base, file.name.baseSequence) else {
                throw error
            }
            header.rewrite = file.name.rewrite
            header.isCompressed = file.name.isCompressed
            let cure =
                reader.cure(of: group.group, at: 0, with: header.encode())
                ?? replacement(header)
            throw error.cured(by: cure, path: file.path, offset: 0)
        }
    }

    /// A file between the one that was read last and `file`, or before the first.
    func missingFile(before file: File) -> Damage? {
        let next = result.closed.isEmpty ? hard.logStart : result.last.index.next
        return file.base > next
            ? missingFile(next, what: "before \(file.path) a file is missing") : nil
    }

    /// The file that should begin with an entry, made anew: its chunks are fetched next.
    func missingFile(_ base: LogIndex, what: String) -> Damage? {
        let sequence = result.closed.last?.trailer.nextSequence ?? Sequence(1)
        guard let header = expectedHeader(base, sequence) else { return nil }
        let path = directory + "/" + header.name
        let cure = Cure.bytes(group.group, offset: 0, header.encode())
        return Damage(path: path, offset: 0, what: what, cure: cure)
    }

    private func expectedHeader(
        _ base: LogIndex,
        _ sequence: Sequence
    ) -> SegmentHeader? {
        if result.closed.isEmpty {
            guard base == LogIndex(1), sequence == Sequence(1) else { return nil }
            return SegmentHeader(
                group: group.group,
                baseIndex: base,
                baseSequence: sequence,
                previousTerm: .zero,
                previousChecksum: 0
            )
        }
        guard base == result.last.index.next else { return nil }
        return SegmentHeader(
            group: group.group,
            baseIndex: base,
            baseSequence: sequence,
            previousTerm: result.last.term,
            previousChecksum: lastChecksum,
            configuration: result.configuration
        )
    }

    /// An entry that is damaged in a file that was written anew has no place that another replica's fits
    /// in: the whole file is made again.
    func replacingFile(_ error: LogError) -> LogError {
        guard case .damaged(var list) = error, case .entry? = list.first?.cure,
            let header = rewritten[list[0].path]
        else { return error }
        list[0].cure = replacement(header)
        return .damaged(list)
    }

    private func replacement(_ header: SegmentHeader) -> Cure {
        var header = header
        header.rewrite = 0
        header.isCompressed = false
        return .file(group.group, path: directory + "/" + header.name, header.encode())
    }

    /// The damage of a closed segment without a good footer: the first bad chunk, or else the
    /// footer, which its chunks give.
    func footerDamage(
        _ file: File,
        _ header: SegmentHeader,
        through last: LogIndex,
        _ reader: inout SegmentReader
    ) throws(LogError) -> LogError {
        var segment = ActiveSegment(header, directory: directory)
        var place = ChunkPlace(header, through: last)
        while place.index <= last {
            let chunk = try reader.verify(place, of: group.group, isWhole: true)
            segment.add(chunk, sparseInterval: sparseInterval)
            place = place.after(chunk)
        }
        var damage = Damage(path: file.path, offset: segment.end, what: "the footer is damaged")
        if let (bytes, trailer) = segment.footer(), trailer.fileSize >= reader.size {
            damage.cure =
                reader.cure(of: group.group, at: segment.end, with: bytes) ?? replacement(header)
        }
        return .damaged([damage])
    }
}
