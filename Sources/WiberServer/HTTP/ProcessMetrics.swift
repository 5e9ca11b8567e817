import Foundation
import Glibc
import WiberNode

/// What the kernel says about this process, under the names that Prometheus's clients use.
enum ProcessMetrics {
    static var current: [Metric] {
        let fields = statistics
        // Fields 14, 15, 20, 22 and 24 of proc(5)'s `stat`; the list starts with field 3.
        func value(_ field: Int) -> Double {
            fields.indices.contains(field - 3) ? Double(fields[field - 3]) ?? 0 : 0
        }
        let ticks = Double(max(1, sysconf(Int32(_SC_CLK_TCK))))
        let page = Double(sysconf(Int32(_SC_PAGESIZE)))
        return [
            Metric(
                name: "process_cpu_seconds_total",
                help: "User and system time.",
                kind: .counter,
                labels: [],
                value: (value(14) + value(15)) / ticks
            ),
            gauge("process_resident_memory_bytes", "Resident memory.", value(24) * page),
            gauge("process_virtual_memory_bytes", "Virtual memory.", value(23)),
            gauge("process_threads", "Threads.", value(20)),
            gauge(
                "process_start_time_seconds",
                "When the process started, since 1970.",
                bootTime + value(22) / ticks
            ),
            gauge("process_open_fds", "Open files and connections.", openFiles),
            gauge("process_max_fds", "The most files and connections allowed.", filesMax),
        ]
    }

    /// Resident memory in bytes, and the share of one core since the start in percent.
    static var use: (memory: UInt64, cpu: Double) {
        let fields = statistics
        func value(_ field: Int) -> Double {
            fields.indices.contains(field - 3) ? Double(fields[field - 3]) ?? 0 : 0
        }
        let ticks = Double(max(1, sysconf(Int32(_SC_CLK_TCK))))
        let uptime = text("/proc/uptime").prefix { $0 != " " }
        let age = (Double(uptime) ?? 0) - value(22) / ticks
        let memory = max(0, value(24)) * Double(sysconf(Int32(_SC_PAGESIZE)))
        return (UInt64(memory), (value(14) + value(15)) / ticks / max(age, 0.01) * 100)
    }

    /// What follows the name, which may hold anything, in `/proc/self/stat`.
    private static var statistics: [Substring] {
        text("/proc/self/stat").split(separator: ")").last?.split(separator: " ") ?? []
    }

    private static let bootTime: Double = {
        let line = text("/proc/stat").split(separator: "\n").first { $0.hasPrefix("btime ") }
        return line.flatMap { Double($0.dropFirst(6)) } ?? 0
    }()

    private static var openFiles: Double {
        let names = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")
        return Double(names?.count ?? 0)
    }

    private static var filesMax: Double {
        var limit = rlimit()
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        return getrlimit(resource, &limit) == 0 ? Double(limit.rlim_cur) : 0
    }

    private static func gauge(_ name: String, _ help: String, _ value: Double) -> Metric {
        Metric(name: name, help: help, kind: .gauge, labels: [], value: value)
    }

    private static func text(_ path: String) -> String {
        (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    }
}
