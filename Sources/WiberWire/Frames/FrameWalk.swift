import WiberBase

/// Finds whole frames in bytes that one writer made, without reading their bodies.
///
/// For the simulator, which loses, repeats and swaps frames, and looks at what a node says.
package enum FrameWalk {
    /// What a frame is, as far as the simulator cares.
    package enum Kind {
        /// A beat: losing one is like losing a packet.
        case beat
        /// A message of Raft, behind the group's id.
        case raft
        /// Anything else: the lane must carry it exactly once.
        case other
    }

    /// Calls `visit` with each whole frame and its body; stops at what is none.
    package static func forEach(
        in bytes: UnsafeRawBufferPointer,
        _ visit: (Kind, _ frame: Range<Int>, _ body: Range<Int>) -> Void
    ) {
        var offset = 0
        while bytes.count - offset >= FrameHeader.size {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[offset...])
            guard
                let header = try? FrameHeader.decode(
                    rest,
                    agreed: WireVersions.supported.highest
                )
            else { return }
            let end = offset + FrameHeader.size + Int(header.length)
            guard end <= bytes.count else { return }
            visit(kind(header.kind), offset..<end, offset + FrameHeader.size..<end)
            offset = end
        }
    }

    private static func kind(_ kind: FrameKind) -> Kind {
        switch kind {
        case .beat: .beat
        case .raft: .raft
        case .hello, .helloReply, .goodbye, .forwardPublish, .forwardReply, .readIndexRequest,
            .readIndexReply, .createTopic, .createTopicReply, .topicReport, .repairRequest,
            .repairReply, .lostEntriesRequest, .interest, .routed, .installSnapshot,
            .transferLeadership, .commandRequest, .commandReply, .topicUse,
            .catchUpOffer:
            .other
        }
    }
}
