import Testing
import WiberBase

@testable import WiberSubject

@Suite("A map from bytes")
struct ByteMapTests {
    @Test(arguments: UInt64(1)...10)
    func `it holds what a dictionary holds`(seed: UInt64) {
        var random = RandomSource(seed: seed)
        let hash = KeyedHash(seed: random.next())
        var map = ByteMap<Int>(hash: hash)
        var model: [[UInt8]: Int] = [:]
        for step in 0..<5_000 {
            let key = randomKey(&random)
            let hashed = key.withUnsafeBytes { hash($0) }
            let number = key.withUnsafeBytes { map.find($0, hashed) }
            #expect(number.map { map[$0] } == model[key])
            if let number {
                map.remove(number)
                model[key] = nil
            } else if step % 1_000 < 700 {
                key.withUnsafeBytes { map.insert($0, hashed, step) }
                model[key] = step
            }
            #expect(map.count == model.count)
        }
        for number in 0..<map.count { #expect(model[map.key(number)] == map[number]) }
    }

    @Test(arguments: UInt64(1)...5)
    func `an index finds numbers though all hashes are nearly the same`(seed: UInt64) {
        var random = RandomSource(seed: seed)
        var index = SlotIndex()
        var numbers: Set<Int> = []
        for _ in 0..<3_000 {
            let number = Int.random(in: 0..<200, using: &random)
            let hash = UInt64(number % 3) << 32
            let isThere = index.find(hash) { $0 == number } != nil
            #expect(isThere == numbers.contains(number))
            if isThere {
                index.remove(hash, number)
                numbers.remove(number)
            } else {
                index.insert(hash, number)
                numbers.insert(number)
            }
            #expect(index.count == numbers.count)
        }
    }

    @Test func `every byte, the length, the salt and the seed change the hash`() {
        for length in 0...40 {
            let bytes = [UInt8](repeating: 0, count: length)
            var hashes: Set<UInt64> = [hashed(bytes), hashed(bytes + [0])]
            hashes.insert(hashed(bytes, seed: 2))
            hashes.insert(hashed(bytes, salt: 1))
            for place in 0..<length {
                var other = bytes
                other[place] = 1
                hashes.insert(hashed(other))
            }
            #expect(hashes.count == length + 4)
        }
    }

    @Test func `bytes are equal only if all of them are`() {
        for length in 0...40 {
            let bytes = (0..<length).map { UInt8($0) }
            #expect(bytes.withUnsafeBytes { $0.isEqual(to: bytes) })
            #expect(!bytes.withUnsafeBytes { $0.isEqual(to: bytes + [0]) })
            for place in 0..<length {
                var other = bytes
                other[place] ^= 0x80
                #expect(!bytes.withUnsafeBytes { $0.isEqual(to: other) })
            }
        }
    }

    private func hashed(_ bytes: [UInt8], salt: UInt64 = 0, seed: UInt64 = 1) -> UInt64 {
        bytes.withUnsafeBytes { KeyedHash(seed: seed)($0, salt: salt) }
    }

    private func randomKey(_ random: inout RandomSource) -> [UInt8] {
        let length = Int.random(in: 0..<30, using: &random)
        let byte = UInt8.random(in: 0..<20, using: &random)
        return [UInt8](repeating: byte, count: length)
    }
}
