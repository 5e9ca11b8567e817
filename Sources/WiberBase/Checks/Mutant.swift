/// Deliberate bugs, each of which the checks must catch: what proves that they see anything.
///
/// They exist only in a build with the package trait `Mutants`; otherwise ``isOn`` is a constant,
/// and the compiler leaves nothing of them. `./dev mutants` runs them all.
package enum Mutant: String, CaseIterable, Sendable {
    // MARK: Elections (Raft §5.2, §5.4.1)

    /// A vote is told before it is on disk.
    case voteBeforeSync
    /// A candidate asks for votes before its own is on disk.
    case candidacyBeforeSync
    /// Who follows a leader forgets whom it voted for in that term.
    case voteCleared
    /// A vote goes to anybody, however old the log.
    case upToDateSkipped
    /// Elections begin without a pre-vote.
    case preVoteSkipped
    /// A leader goes on without a quorum (rule 11).
    case quorumNotChecked
    /// A pre-vote is granted though the granter hears its leader (rule 12).
    case leaderNotSticky
    /// What a node's former process had on disk counts for the new one (rule 13).
    case matchKeptAcrossRestart

    // MARK: Replication (Raft §5.3, §5.4.2)

    /// Entries of earlier terms are committed by counting (Raft, figure 8).
    case oldTermCommitted
    /// A follower acknowledges what it has not synced.
    case acknowledgedBeforeSync
    /// A leader counts its own log before it is on disk.
    case ownLogBeforeSync
    /// Any append with entries cuts the log, also where it agrees.
    case appendTruncates
    /// An append fits behind an entry of any term.
    case previousTermIgnored
    /// A follower commits what it has not compared with the leader's log.
    case commitBeyondVerified
    /// A completion of an earlier term counts for what was appended in its place.
    case staleCompletionTrusted

    // MARK: Reads (Raft §8)

    /// A leader answers reads without asking anybody.
    case readWithoutQuorum
    /// A leader answers reads before it knows what is committed.
    case readBeforeNoOp
    /// HISTORY is served from the node's own log as it is (rule 19).
    case historyLocal

    // MARK: Membership (Raft §6)

    /// A configuration is in force only once it is committed.
    case configurationAtCommit
    /// Another change may begin before the last one is over.
    case changesOverlap
    /// Votes are counted, whoever they are from.
    case anyVoteCounts
    /// A configuration stays in force though its entry was cut from the log.
    case configurationKept
    /// Learners count as voters do.
    case learnerCounts

    // MARK: Disk

    /// A tail that is appended again leaves out what is in a newer file already (rule 1).
    case tailCopiedInPart
    /// Only one of the two slots of a hard state is written (rule 2).
    case hardStateOnce
    /// The two slots of a hard state are written with one sync for both (rule 2).
    case hardStateSyncedOnce
    /// What the page cache shows at a start is taken for durable (rule 3).
    case cacheTrusted
    /// A damaged batch is cut as if it were the torn end, with all that follows (rule 4).
    case rotCutAsTorn
    /// A log ends before its first damaged entry, and nobody is asked for it (rule 4).
    case holesCut
    /// What cannot be read between two batches is passed over (rule 4).
    case gapIgnored
    /// A lost entry is replaced by whatever is committed at its index (rule 5).
    case holeFilledAsIs
    /// What a node has lost is not written down again at its next start (rule 5).
    case woundForgotten
    /// A suspect log counts as soon as it has what its own segments prove (rule 5).
    case barrierSkipped
    /// A log that rests does not say where it ends (rule 4).
    case sealMissing
    /// A damaged segment ends where the damage begins (rule 4).
    case segmentRotCut
    /// Segments are not cut where the write-ahead log begins (rule 4).
    case segmentsNotCut
    /// A sync that failed is tried again (rule 6).
    case failedSyncRetried
    /// Nobody looks at the errors of writes and syncs (rule 6).
    case diskErrorIgnored
    /// A log file is used again though the segments are not synced (rule 8).
    case segmentsNotSynced
    /// The name of a new log file is not synced (rule 8).
    case nameNotSynced
    /// The new superblock is renamed, and the directory not synced.
    case renameNotSynced
    /// A group whose files are damaged or missing begins anew (rule 9).
    case damagedIsNew
    /// Messages that were read are not compared with their checksums (rule 10).
    case payloadNotVerified

    // MARK: Topics and clients

    /// A leader takes what was meant for one of another term (rule 14).
    case staleForwardTaken
    /// A forward whose answer is lost is sent again (rule 14).
    case forwardSentTwice
    /// Every process numbers its requests from 1: answers to the one before pass for its own
    /// (rule 14).
    case requestsNumberedAnew
    /// What may be stored is called not stored (rule 14).
    case unknownCalledRefused
    /// A publish is answered as soon as it is in the leader's log.
    case answeredBeforeCommit
    /// Expiry goes by the leader's clock, however it jumps (rule 15).
    case expiryByWallClock
    /// A message's time is the leader's clock, even behind the last message (rule 15).
    case timeNotAfterLast
    /// Time goes on from the last committed entry, not from the last in the log (rule 15).
    case tailNotFollowed
    /// A wiped node votes before it is known again (rule 17).
    case unformedVotes
    /// Two nodes may stand in one term before the cluster has formed (rule 17).
    case termsShared
    /// Another store under a known node's name is let in (rule 17).
    case otherStoreAccepted
    /// A restart forgets the ids of stored messages (rule 20).
    case idsForgotten
    /// A truncation does not take the ids of its messages back (rule 20).
    case idsKeptAfterTruncation
    /// A repeat is answered before the first one is committed (rule 20).
    case duplicateBeforeCommit
    /// Files go although ids of messages in them are remembered: a snapshot lacks them.
    case idsTrimmed
    /// A node that starts does not read which messages have gone from the middle of a topic.
    case removalsForgotten
    /// Messages that a leader wanted to go stay gone for it when its entries are replaced.
    case removalsNotUndone
    /// A message counts for the limit of its subject until its removal is committed.
    case removedCounts
    /// Messages whose time is over, and that a leader had wanted to go, are forgotten when it leads no more.
    case deadlinesForgotten
    /// A message goes when its time is over, though the topic's floor keeps it.
    case floorIgnored
    /// A node that comes back to a group is the member that it was.
    case memberReused
    /// A node that starts carries out what an old entry of the meta log says once more.
    case oldDecisionCarriedOut
    /// A node that joins gets the number of one that has left.
    case nodeNumberReused
    /// A node of a cluster takes its number from its configuration's list.
    case nodeNumberListed
    /// A node that leaves is forgotten while it still has a part in something.
    case nodeForgottenEarly
    /// A leader stores what is more than the topic's quota.
    case quotaIgnored
    /// Topics are put on nodes that lack their tags.
    case placementIgnored
    /// The cluster's feature level rises although not all nodes know it.
    case levelRaisedEarly
    /// A snapshot is in force before it is durable.
    case snapshotNotSynced
    /// A snapshot takes the place of a log that has more.
    case snapshotTakenAnyway

    // MARK: Segments written anew

    /// A segment that is written anew gets its name before its bytes are durable.
    case rewriteNotSynced
    /// A segment that is written anew loses messages that are not gone.
    case rewriteErasesLive

    // MARK: Erasing

    /// What was to be erased is not looked for at a start.
    case eraseForgottenAtStart

    #if Mutants
    /// The one that is on; set once, before anything else runs.
    ///
    /// SAFETY: the process has one thread then.
    nonisolated(unsafe) package static var active: Mutant?

    /// Whether this build has mutants.
    package static let areBuilt = true

    /// Whether the code is to be wrong in this way.
    package var isOn: Bool { Self.active == self }
    #else
    /// Whether this build has mutants.
    package static let areBuilt = false

    /// Whether the code is to be wrong in this way: never in this build.
    @inlinable @inline(__always)
    package var isOn: Bool { false }
    #endif
}
