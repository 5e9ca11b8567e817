/// What was promised so far, as somebody saw who sees all replicas, also before they crashed.
struct StorageHistory {
    /// By term; −1 is nobody.
    private var leaders: [Int] = []
    /// By term and voter; −1 is nobody.
    private var votes: [[Int]] = []
    /// The terms of the acknowledged entries; that at index 1 first.
    private(set) var committed: [Int] = []

    init(termMax: Int) {
        leaders = Array(repeating: -1, count: termMax + 1)
        votes = Array(repeating: [-1, -1, -1], count: termMax + 1)
    }

    /// - Returns: what is wrong with it.
    mutating func elected(_ place: Int, in term: Int) -> String? {
        guard leaders[term] < 0 else {
            return "\(leaders[term] + 1) and \(place + 1) lead term \(term)"
        }
        leaders[term] = place
        return nil
    }

    /// - Returns: what is wrong with it.
    mutating func voted(_ voter: Int, for candidate: Int, in term: Int) -> String? {
        let before = votes[term][voter]
        guard before < 0 || before == candidate else {
            return "\(voter + 1) votes for \(before + 1) and \(candidate + 1) in term \(term)"
        }
        votes[term][voter] = candidate
        return nil
    }

    /// - Returns: what is wrong with it.
    mutating func committed(_ log: [ModelRecovery.Entry], through index: Int) -> String? {
        for place in 0..<index {
            if place == committed.count {
                committed.append(log[place].term)
            } else if committed[place] != log[place].term {
                return "two entries are acknowledged at index \(place + 1)"
            }
        }
        return nil
    }

    /// - Returns: what a leader lacks.
    func lack(of log: [ModelRecovery.Entry]) -> String? {
        for (place, term) in committed.enumerated() {
            guard place < log.count, log[place].term == term, !log[place].isHole else {
                return "lacks entry \(place + 1) of term \(term), which was acknowledged"
            }
        }
        return nil
    }

    func encode(into encoder: inout ModelEncoder) {
        encoder.numbers(leaders.map { $0 + 1 })
        for voters in votes { encoder.numbers(voters.map { $0 + 1 }) }
        encoder.numbers(committed)
    }
}
