import Testing
import WiberBackup

@Suite("Names of files of a backup")
struct BackupFileTests {
    @Test func `small letters, digits, underscores and hyphens stay, and the rest is encoded`() {
        #expect(BackupFile.name(of: "orders-2_x", place: 0) == "topic-orders-2_x.wbk")
        #expect(BackupFile.name(of: "Orders", place: 0) == "topic-%4Frders.wbk")
        #expect(BackupFile.name(of: "../a/b", place: 0) == "topic-%2E%2E%2Fa%2Fb.wbk")
        #expect(BackupFile.name(of: "a%2F\u{0}", place: 0) == "topic-a%252%46%00.wbk")
    }

    @Test func `names that differ in case only are different files where case does not count`() {
        let names = ["orders", "Orders", "ORDERS", "oRDERS"].map {
            BackupFile.name(of: $0, place: 0).lowercased()
        }
        #expect(Set(names).count == 4)
    }

    @Test func `long names are cut, and told apart by their place`() {
        let long = String(repeating: "A", count: 255)
        let names = [BackupFile.name(of: long, place: 1), BackupFile.name(of: long, place: 2)]
        #expect(Set(names).count == 2)
        #expect(names.allSatisfy { $0.utf8.count < 240 && !$0.contains("/") })
    }
}
