import WiberBase
import WiberSubject
import WiberWire

/// What must hold for any bytes that a client may send; the fuzzer and the tests of its corpus call
/// it.
///
/// 1. Nothing traps.
/// 2. The operations are the same, whatever pieces the bytes come in.
/// 3. Every step goes forward, and what is left without an operation has a limit.
/// 4. What the subject table was told to keep, it finds and gives back.
public struct NATSProbe {
    /// How many pieces are looked at.
    private static let piecesMax = 64

    private var operations: [[UInt8]] = []
    private var options = NATSConnect()
    /// As after CONNECT; before it they are taken, so that more is reached.
    private var takesHeaders = true
    private var table = SubjectTable(seed: 1)
    private var inserted: [(id: SubscriptionID, subject: [UInt8], queue: [UInt8]?)] = []

    /// Looks at a client's bytes at once, and in pieces whose lengths follow from them.
    public static func check(_ bytes: UnsafeRawBufferPointer) {
        var whole = NATSProbe()
        whole.receive([bytes])
        var pieces: [UnsafeRawBufferPointer] = []
        var rest = bytes
        var sum: UInt64 = 0
        while !rest.isEmpty, pieces.count < piecesMax {
            sum = (sum &+ UInt64(rest[0]) &+ 1) &* 0x9E37_79B9_7F4A_7C15
            let length = min(rest.count, Int(sum >> 59) + 1)
            pieces.append(UnsafeRawBufferPointer(rebasing: rest[..<length]))
            rest = UnsafeRawBufferPointer(rebasing: rest[length...])
        }
        pieces.append(rest)
        var parts = NATSProbe()
        parts.receive(pieces)
        invariant(whole.operations == parts.operations, "the pieces make no difference")
        whole.giveBack()
    }

    private mutating func receive(_ pieces: [UnsafeRawBufferPointer]) {
        var inbox: [UInt8] = []
        var isOver = false
        for piece in pieces where !isOver {
            inbox.append(contentsOf: piece)
            let used = inbox.withUnsafeBytes { consume($0, &isOver) }
            inbox.removeFirst(used)
        }
    }

    private mutating func consume(_ bytes: UnsafeRawBufferPointer, _ isOver: inout Bool) -> Int {
        var offset = 0
        while true {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[offset...])
            switch NATSScanner.next(in: rest, takesHeaders: takesHeaders) {
            case .needMore:
                let longest =
                    LineLimits.payloadLengthMax + 2 * NATSLimits.controlLineMax + 64
                invariant(bytes.count - offset <= longest, "an operation has an end")
                return offset
            case .failed(let failure):
                operations.append(Array("failed \(failure.text ?? "")".utf8))
                isOver = true
                return bytes.count
            case .operation(let operation, let consumed):
                invariant(
                    consumed > 0 && consumed <= bytes.count - offset,
                    "a step goes forward, within the bytes"
                )
                offset += consumed
                take(operation)
            }
        }
    }

    private mutating func take(_ operation: NATSOperation) {
        switch operation {
        case .connect(let json):
            do throws(NATSFailure) {
                try options.update(json)
                takesHeaders = options.hasHeaders
                operations.append(Self.bytes(of: options))
            } catch {
                operations.append(Array("refused \(error.text ?? "")".utf8))
            }
        case .publish(let publish):
            let id = publish.headers.flatMap { NATSHeaders.value(of: "Nats-Msg-Id", in: $0) }
            var message: [UInt8] = []
            NATSWriter.message(publish, sid: [1], hasHeaders: true, into: &message)
            operations.append(message + Array(id ?? UnsafeRawBufferPointer(start: nil, count: 0)))
            _ = table.match(publish.subject)
        case .subscribe(let request):
            let id = SubscriptionID(UInt64(operations.count))
            let queue = request.queue.map { Array($0) }
            if table.insert(id, request.subject, queue: queue) {
                inserted.append((id: id, subject: Array(request.subject), queue: queue))
            }
            operations.append(Array(request.subject) + [0] + (queue ?? []) + Array(request.sid))
        case .unsubscribe(let sid, let max):
            operations.append(Array(sid) + Array("\(max)".utf8))
        case .ping: operations.append(Array("ping".utf8))
        case .pong: operations.append(Array("pong".utf8))
        case .ignored: operations.append(Array("ignored".utf8))
        }
    }

    /// Everything in them; by hand, as reflection would take most of the fuzzer's time.
    private static func bytes(of options: NATSConnect) -> [UInt8] {
        let flags = [
            options.isVerbose, options.isPedantic, options.echoes, options.hasHeaders,
            options.wantsNoResponders, options.protocolVersion == 1,
        ]
        return flags.map { $0 ? 1 : 0 } + Array(options.name.utf8) + [0]
            + Array(options.language.utf8) + [0] + Array(options.version.utf8)
    }

    private mutating func giveBack() {
        invariant(table.count == inserted.count, "the table has what it took")
        for entry in inserted {
            let isThere = entry.subject.withUnsafeBytes {
                table.remove(entry.id, $0, queue: entry.queue)
            }
            invariant(isThere, "the table gives back what it took")
        }
        invariant(table.count == 0, "the table is empty again")
    }
}
