import Testing
import WiberSim

@Suite("Model of the storage rules")
struct StorageModelTests {
    #if DEBUG
    /// Unoptimized code sees only the first part; a release build sees all.
    private static let statesMax = 8_000
    #else
    private static let statesMax = 2_000_000
    #endif

    @Test(arguments: StorageBounds.named.map(\.name))
    func `what was promised is kept in every state within the bounds`(scenario: String) throws {
        var bounds = try #require(StorageBounds.named.first { $0.name == scenario }?.bounds)
        bounds.statesMax = Self.statesMax
        let report = StorageModel.run(bounds)
        #expect(report.violation == nil, "\(report)")
        #if !DEBUG
        #expect(report.isComplete, "\(report)")
        #endif
    }

    @Test func `the same bounds give the same report`() {
        var bounds = StorageBounds.entries
        bounds.statesMax = 1_000
        #expect(StorageModel.run(bounds) == StorageModel.run(bounds))
    }

    @Test(arguments: StorageRule.allCases)
    func `a broken rule breaks a promise`(rule: StorageRule) {
        guard var bounds = rule.bounds else { return }
        bounds.statesMax = Self.statesMax
        let report = StorageModel.run(bounds, breaking: rule)
        #if DEBUG
        #expect(report.violation != nil || report.states == Self.statesMax, "\(rule): \(report)")
        #else
        #expect(report.violation != nil, "\(rule): \(report)")
        #endif
    }

    @Test func `a repair that is cut short is not forgotten with its hole`() throws {
        #if !DEBUG
        let report = StorageModel.run(.repairs, breaking: .holeMarkedUntilSynced)
        let violation = try #require(report.violation)
        #expect(violation.promise.hasSuffix("which was acknowledged"))
        let actions = violation.trace.filter { $0.first?.isNumber ?? false }
        #expect(actions.contains { $0.hasSuffix("repairs its holes from 1") }, "\(violation)")
        #endif
    }
}

extension StorageRule {
    /// Where it shows soonest; `nil` if it does not show within the bounds, as the rule says.
    fileprivate var bounds: StorageBounds? {
        switch self {
        case .tailInOneBatch, .oldFileKept, .pageCacheDistrusted, .holeMarkCopied,
            .holeMarkedUntilSynced, .repairWritesTail:
            .repairs
        case .generationChecked: .failedSyncs
        case .syncedBeforeAcknowledged, .durableEndSealed, .rotNotCut, .holeVotesByTrueLast,
            .holeDoesNotLead:
            .entries
        case .failedSyncIsFatal, .bothSlotsBeforeAnswer, .slotsRewritten, .equalSlotsRewritten:
            .failedVotes
        case .readSlotSynced, .readSlotWrittenLast, .refusedWithoutSlot: .votes
        case .suspectDoesNotVote, .suspectDoesNotCampaign, .suspectUntilCaughtUp,
            .barrierSetAtRestart:
            .entries
        case .suspectMarkDurable: .repairs
        case .newerSlotWins, .holeEndsMatch, .suspectDoesNotCount: nil
        }
    }
}
