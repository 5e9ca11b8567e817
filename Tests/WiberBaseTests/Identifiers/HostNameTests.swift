import Testing
import WiberBase

@Suite("Host names")
struct HostNameTests {
    @Test(arguments: ["n1", "127.0.0.1", "db-1.example.org", "::1", "fe80::1%eth0", "a_b"])
    func `names and addresses are taken`(text: String) { #expect(HostName.isValid(text)) }

    @Test(arguments: [
        "", " ", "a b", "a\r\nb", "host:4222", "a%20", "ä", "\"", "http://a", "a/b", "a\0",
        String(repeating: "a", count: 254),
    ])
    func `nothing else is, as it would break lines and headers`(text: String) {
        #expect(!HostName.isValid(text))
    }
}
