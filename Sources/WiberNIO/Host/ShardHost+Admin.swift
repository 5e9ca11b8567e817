import NIOCore
public import WiberNode

/// Commands of people who run the cluster.
extension ShardHost {
    /// Gives the shard a command, and waits for what becomes of it.
    ///
    /// - Throws: an error if the host is closed.
    public func administer(_ command: AdminCommand) async throws -> AdminOutcome {
        let promise = loop.makePromise(of: AdminOutcome.self)
        loop.execute {
            guard !self.isEnding else {
                return promise.succeed(.refused("the node is stopping; ask another one"))
            }
            let token = self.nextCommand
            self.nextCommand += 1
            self.commands[token] = promise
            self.handle(.admin(token, command))
        }
        return try await promise.futureResult.get()
    }

    func commandDone(_ token: UInt64, _ outcome: AdminOutcome) {
        commands.removeValue(forKey: token)?.succeed(outcome)
    }

    /// Nobody will answer what is under way.
    func abandonCommands() {
        for (_, promise) in commands {
            promise.succeed(.late("the node stopped meanwhile; ask another one how it is now"))
        }
        commands = [:]
    }
}
