import WiberBase

extension Mutant {
    /// The promise that it breaks, in a few words.
    var breaks: String {
        switch self {
        case .voteBeforeSync: "a vote is durable before it is told"
        case .candidacyBeforeSync: "a term is durable before it is told"
        case .voteCleared: "one vote a term"
        case .upToDateSkipped: "votes for logs that are up to date"
        case .preVoteSkipped: "PreVote"
        case .quorumNotChecked: "CheckQuorum; rule 11"
        case .leaderNotSticky: "stickiness; rule 12"
        case .matchKeptAcrossRestart: "incarnations; rule 13"
        case .oldTermCommitted: "commit by count in the own term only"
        case .acknowledgedBeforeSync, .ownLogBeforeSync: "an entry is durable before it counts"
        case .appendTruncates: "only conflicts cut a log"
        case .previousTermIgnored: "log matching"
        case .commitBeyondVerified: "commit of what matches only"
        case .staleCompletionTrusted: "completions carry the term"
        case .readWithoutQuorum, .readBeforeNoOp: "linearizable reads"
        case .historyLocal: "linearizable HISTORY; rule 19"
        case .configurationAtCommit: "a configuration is in force once appended"
        case .changesOverlap: "one change at a time"
        case .anyVoteCounts: "votes of voters, in both majorities"
        case .configurationKept: "a cut configuration is void"
        case .learnerCounts: "learners are in no quorum"
        case .tailCopiedInPart: "rule 1"
        case .hardStateOnce, .hardStateSyncedOnce: "rule 2"
        case .cacheTrusted: "rule 3"
        case .rotCutAsTorn, .holesCut, .gapIgnored, .sealMissing, .segmentRotCut, .segmentsNotCut:
            "rule 4"
        case .holeFilledAsIs, .woundForgotten, .barrierSkipped: "rule 5"
        case .failedSyncRetried, .diskErrorIgnored: "rule 6"
        case .segmentsNotSynced, .nameNotSynced: "rule 8"
        case .renameNotSynced: "a name is durable before it counts"
        case .damagedIsNew: "rule 9"
        case .payloadNotVerified: "rule 10"
        case .staleForwardTaken, .forwardSentTwice, .requestsNumberedAnew,
            .unknownCalledRefused:
            "rule 14"
        case .answeredBeforeCommit: "acknowledged is committed"
        case .expiryByWallClock, .timeNotAfterLast, .tailNotFollowed: "rule 15"
        case .unformedVotes, .termsShared, .otherStoreAccepted: "rule 17"
        case .idsForgotten, .idsKeptAfterTruncation, .duplicateBeforeCommit: "rule 20"
        case .idsTrimmed: "rule 22"
        case .removalsForgotten, .removalsNotUndone, .removedCounts:
            "what is removed is so once, and on every replica"
        case .deadlinesForgotten: "a message goes when its time is over, whoever leads"
        case .floorIgnored: "what the floor keeps stays"
        case .memberReused: "who comes back to a group is another member"
        case .oldDecisionCarriedOut: "a later decision is not undone by an older one"
        case .nodeNumberReused, .nodeNumberListed: "a number is one node's, for ever"
        case .nodeForgottenEarly: "who leaves is forgotten last"
        case .quotaIgnored: "a topic holds no more than its quota"
        case .placementIgnored: "a topic is only where it may be"
        case .levelRaisedEarly: "a feature level is in force once every node knows it"
        case .snapshotNotSynced: "a snapshot takes the log's place at once"
        case .snapshotTakenAnyway: "a snapshot discards nothing that counts"
        case .rewriteNotSynced: "a segment that is written anew counts once it is durable"
        case .rewriteErasesLive: "only what is gone is erased"
        case .eraseForgottenAtStart: "what is erased is in no file"
        }
    }
}
