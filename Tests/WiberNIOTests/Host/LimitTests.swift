import Glibc
import NIOCore
import Testing
import WiberBase
import WiberTopic

@testable import WiberNIO

@Suite("Ports, files and digests")
struct LimitTests {
    @Test(arguments: [
        (EADDRINUSE, "in use"), (EACCES, "may not be opened by this user"),
        (EADDRNOTAVAIL, "not an address of this machine"), (ENOMEM, "cannot listen"),
    ])
    func `an error of a port says what to do`(code: Int32, words: String) {
        let error = ListenError(
            address: ListenAddress(host: "10.0.0.9", port: 81, purpose: .http),
            cause: IOError(errnoCode: code, reason: "bind")
        )
        #expect(error.description.contains(words))
        #expect(error.description.contains("81"))
        #expect(code == EADDRNOTAVAIL || error.description.contains("`http_port`"))
    }

    @Test func `clients leave files for the log`() {
        #expect(FileLimit.connections(ofFiles: 1_024) == 256)
        #expect(FileLimit.connections(ofFiles: 64) == 16)
        #expect(FileLimit.connections(ofFiles: .max) == ShardHost.connectionsMax)
        #expect(FileLimit.raise() >= 64)
    }

    @Test func `a digest is the beginning of a SHA-256`() {
        let digest = Array("abc".utf8).withUnsafeBytes { sha256Digester($0) }
        #expect(digest == Digest128(high: 0xba78_16bf_8f01_cfea, low: 0x4141_40de_5dae_2223))
        let empty = [UInt8]().withUnsafeBytes { sha256Digester($0) }
        #expect(empty == Digest128(high: 0xe3b0_c442_98fc_1c14, low: 0x9afb_f4c8_996f_b924))
    }
}
