import Testing
import WiberBase

@Suite("Feature levels and versions of the protocol between nodes")
struct LevelTests {
    private let one = LevelRange(.base, .base)
    private let two = LevelRange(.base, .software)

    @Test func `a range is read as it was written, and one that is none is refused`() throws {
        for range in [one, two, LevelRange(.software, FeatureLevel(rawValue: .max))] {
            var bytes: [UInt8] = []
            range.encode(into: &bytes)
            #expect(
                try bytes.withUnsafeBytes { bytes in
                    var reader = ByteReader(bytes)
                    return try LevelRange.decode(&reader)
                } == range
            )
        }
        for bytes: [UInt8] in [[0, 0, 1, 0], [2, 0, 1, 0], [1, 0, 1], []] {
            #expect(throws: CodecError.self) {
                try bytes.withUnsafeBytes { bytes in
                    var reader = ByteReader(bytes)
                    return try LevelRange.decode(&reader)
                }
            }
        }
    }

    @Test func `a range is held down, and never below what a release can`() {
        #expect(two.held(to: nil) == two)
        #expect(two.held(to: .base) == one)
        #expect(two.held(to: FeatureLevel(rawValue: 9)) == two)
        #expect(LevelRange(.software, .software).held(to: .base).max == .software)
    }

    @Test func `two nodes use the highest version that both speak`() {
        let old = WireVersions(5, 5)
        #expect(old.common(with: WireVersions(5, 7)) == 5)
        #expect(WireVersions(5, 6).common(with: WireVersions(6, 9)) == 6)
        #expect(old.common(with: WireVersions(6, 9)) == nil)
        #expect(WireVersions(6, 9).common(with: old) == nil)
    }

    @Test func `who cannot work together is told both versions and what to do`() {
        let text = WireVersions.conflict("n1", WireVersions(6, 7), "n2", WireVersions(5, 5))
        #expect(text.contains("node n1 speaks version 6 to 7"))
        #expect(text.contains("node n2 version 5: start n2 with a newer release"))
        let conflict = LevelConflict(node: "n3", software: "0.1", levels: one, at: .software)
        #expect(
            conflict?.description
                == "the cluster is at feature level 2, and node n3 (wiber 0.1) knows 1: a level is"
                + " never lowered, so start n3 with a release that knows level 2"
        )
        #expect(LevelConflict(node: "n3", software: "", levels: two, at: .software) == nil)
        let newer = LevelRange(.software, .software)
        #expect(
            LevelConflict(node: "n3", software: "", levels: newer, at: .base)?.description
                .contains("an older release that knows level 1") == true
        )
        let held = LevelConflict(
            node: "n3",
            software: "",
            levels: one,
            at: .software,
            isHeld: true
        )
        #expect(held?.description.contains("feature_level_max") == true)
    }

    @Test func `the name of a release is a short word`() {
        #expect(SoftwareName.isValid("0.1.0-rc.1+linux"))
        for text in ["", "a b", "a\n", "ä", "a\"b", String(repeating: "x", count: 64)] {
            #expect(!SoftwareName.isValid(text))
        }
    }
}
