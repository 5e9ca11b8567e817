import WiberBase
import WiberMeta
import WiberWire

/// Whether another node seems to work, from what was heard of it.
public enum PeerHealth: String, Sendable {
    /// Heard from within the last 400 ms.
    case alive
    /// Silent for longer, or its connection is gone.
    case suspect
    /// Silent for 5 s.
    case dead
}

/// What a node knows about another one.
struct Peer {
    /// Where the lane towards it stands; it carries our frames only, theirs come on their lane.
    enum Lane: Equatable {
        /// Nothing until the time to dial comes.
        case idle
        /// Waiting for the connection.
        case dialing(ConnectionID)
        /// Connected, waiting for the answer to HELLO.
        case greeting(ConnectionID, since: Instant)
        /// Accepted: frames may go.
        case open(ConnectionID)
    }

    let id: NodeID
    private(set) var address: NodeAddress
    /// Whether it belongs to the cluster.
    var isPresent = true
    /// Whether its number is not known: it is only asked which nodes there are.
    var isGuess = false
    /// Where else it may be: where the configuration has it.
    var otherAddress: NodeAddress?
    /// Where it says that others dial it.
    var announced: NodeRecord?
    var lane = Lane.idle
    /// The lane on which it sends to us.
    var incoming: ConnectionID?
    /// What ``incoming`` was when our lane ended.
    var incomingKept: ConnectionID?
    var nextDial = Instant.zero
    var failedDials: UInt64 = 0
    /// Whether the lane was open and ended without goodbye, and no dial has failed since.
    var isRefusalNews = false
    var saidGoodbye = false
    /// What goes out at the end of the turn.
    var out: [UInt8] = []
    var frameSequence: UInt32 = 0
    var isWritable = true
    /// The version of the frames to it, and those that it speaks.
    var wireVersion: UInt8
    var wire: WireVersions?
    /// The feature levels at which it can work, and what it runs, as it says.
    var levels: LevelRange?
    var software = ""
    var incarnation: UInt64 = 0
    var storeID = UniqueID.zero
    /// What it said last of the cluster's formation.
    var formation = Beat.Formation.none
    var lastHeard: Instant?
    var lastBeat: (sentAt: UInt64, heardAt: Instant)?
    var roundTrip: Instant.Span?
    var health = PeerHealth.suspect
    var healthSince: Timestamp
    var refusedAsForeign = false
    /// What it was told to fetch for itself, by topic.
    var offers: [GroupID: PullOffer] = [:]
    /// When it was last sent a snapshot, by topic.
    var snapshotSentAt: [GroupID: Instant] = [:]

    init(id: NodeID, address: NodeAddress, since: Timestamp, wireVersion: UInt8) {
        self.id = id
        self.address = address
        healthSince = since
        self.wireVersion = wireVersion
    }

    /// Takes over where the node is; `nil`: there is no such node.
    mutating func take(_ address: NodeAddress?) {
        isPresent = address != nil
        if let address { self.address = address }
    }

    /// Where it is dialled next: where the configuration has it every other time.
    var dialedAddress: NodeAddress {
        failedDials.isMultiple(of: 2) ? address : otherAddress ?? address
    }

    /// The open lane's connection.
    var openLane: ConnectionID? {
        if case .open(let connection) = lane { return connection }
        return nil
    }

    /// The lane's connection, in whatever state.
    var laneConnection: ConnectionID? {
        switch lane {
        case .idle: nil
        case .dialing(let connection), .open(let connection): connection
        case .greeting(let connection, _): connection
        }
    }
}
