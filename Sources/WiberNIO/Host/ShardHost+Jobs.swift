import NIOCore
import NIOPosix
import WiberLog
import WiberNode

/// The threads that block for the shard; it has one job of a kind under way at a time.
extension ShardHost {
    func run(_ job: LogJob) {
        logThread.submit { state in
            guard state == .active else { return }
            do throws(DiskError) {
                try job.run(on: self.disk)
            } catch {
                return self.failed(error, .log) { self.run(job) }
            }
            self.loop.execute { self.handle(.logCompleted(job)) }
        }
    }

    func run(_ job: FlushJob) {
        flushThread.submit { state in
            guard state == .active else { return }
            do throws(DiskError) {
                try job.run(on: self.disk)
            } catch {
                return self.failed(error, .flush) { self.run(job) }
            }
            self.loop.execute { self.handle(.flushCompleted(job)) }
        }
    }

    func run(_ plan: ReadPlan, token: UInt64) {
        readThread.submit { state in
            guard state == .active else { return }
            let result = Result { () throws(LogError) in try plan.run(on: self.disk) }
            self.loop.execute { self.handle(.readCompleted(token: token, result)) }
        }
    }

    func run(_ plan: GroupRecovery, token: UInt64) {
        readThread.submit { state in
            guard state == .active else { return }
            let result = Result { () throws(LogError) in try plan.run(on: self.disk) }
            self.loop.execute { self.handle(.recoveryCompleted(token: token, result)) }
        }
    }

    /// Tells the shard once a second how much room there is.
    func watchSpace() {
        guard let disk = disk as? PosixDisk else { return }
        loop.scheduleRepeatedTask(initialDelay: .zero, delay: Self.spaceInterval) { task in
            guard !self.isEnding else { return task.cancel() }
            guard !self.isLookingAtSpace else { return }
            self.isLookingAtSpace = true
            self.readThread.submit { state in
                guard state == .active else { return }
                let space = disk.space()
                self.loop.execute {
                    self.isLookingAtSpace = false
                    guard let space else { return }
                    self.handle(.diskSpace(free: space.free, of: space.size))
                }
            }
        }
    }

    /// A full disk is waited for, and the shard is told; anything else ends the process
    /// (rules.md 6).
    private func failed(
        _ error: DiskError,
        _ job: DiskJob,
        again: @escaping @Sendable () -> Void
    ) {
        guard error.isNoSpace else {
            return callbacks.fatal(
                "\(error); what is on the disk is not known any more, so this node ends: check "
                    + "the disk, then start it again"
            )
        }
        loop.execute {
            self.handle(.diskFull(job, path: error.path))
            self.loop.scheduleTask(in: Self.fullDiskRetry, again)
        }
    }
}
