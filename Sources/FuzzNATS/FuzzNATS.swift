import WiberFuzz

/// What libFuzzer calls with bytes of its choice; `./dev fuzz` builds and runs it.
@c(LLVMFuzzerTestOneInput)
public func fuzz(_ bytes: UnsafeRawPointer?, _ count: Int) -> CInt {
    NATSProbe.check(UnsafeRawBufferPointer(start: bytes, count: count))
    return 0
}
