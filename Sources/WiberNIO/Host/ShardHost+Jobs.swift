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
                return self.failed(error) { self.run(job) }
            }
            self.loop.execute { self.diskWorked(.logCompleted(job)) }
        }
    }

    func run(_ job: FlushJob) {
        flushThread.submit { state in
            guard state == .active else { return }
            do throws(DiskError) {
                try job.run(on: self.disk)
            } catch {
                return self.failed(error) { self.run(job) }
            }
            self.loop.execute { self.diskWorked(.flushCompleted(job)) }
        }
    }

    func run(_ plan: ReadPlan, token: UInt64) {
        readThread.submit { state in
            guard state == .active else { return }
            let result = Result { () throws(LogError) in try plan.run(on: self.disk) }
            self.loop.execute { self.handle(.readCompleted(token: token, result)) }
        }
    }

    /// A full disk is waited for, anything else ends the process (rules.md 6).
    ///
    /// While a job waits, the shard's disk counts as stalled, so that leadership moves on.
    private func failed(_ error: DiskError, again: @escaping @Sendable () -> Void) {
        guard error.isNoSpace else {
            return callbacks.fatal(
                "\(error); what is on the disk is not known any more, so this node ends: check "
                    + "the disk, then start it again"
            )
        }
        loop.execute {
            self.tellFullDisk(error)
            self.loop.scheduleTask(in: Self.fullDiskRetry, again)
        }
    }

    private func tellFullDisk(_ error: DiskError) {
        guard !isDiskFull else { return }
        isDiskFull = true
        callbacks.trace(
            TraceEvent(
                level: .error,
                message: "the disk is full: what is published waits until there is room",
                metadata: [("file", error.path)]
            )
        )
    }

    private func diskWorked(_ event: ShardEvent) {
        if isDiskFull {
            isDiskFull = false
            callbacks.trace(
                TraceEvent(level: .info, message: "the disk has room again", metadata: [])
            )
        }
        handle(event)
    }
}
