import Foundation
import Glibc
import WiberServer

/// Output for people, on standard output and standard error.
enum Terminal {
    /// What a person types to run this binary.
    static var program: String {
        let typed = CommandLine.arguments.first ?? "wiber"
        return typed.contains("/") ? typed : "wiber"
    }

    static var isInteractive: Bool { isatty(STDERR_FILENO) == 1 }

    static func complain(_ text: String) {
        try? FileHandle.standardError.write(contentsOf: Data((text + "\n").utf8))
    }

    /// Text on standard error, without an end of line.
    static func write(_ text: String) {
        try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
    }

    /// Text from elsewhere without what moves a terminal's cursor, as `\\xHH`.
    static func safe(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isControl) else { return text }
        var safe = ""
        for scalar in text.unicodeScalars {
            if isControl(scalar) {
                safe += String(format: "\\x%02x", scalar.value)
            } else {
                safe.unicodeScalars.append(scalar)
            }
        }
        return safe
    }

    private static func isControl(_ scalar: UnicodeScalar) -> Bool {
        scalar.value < 32 && scalar != "\t" || (127..<160).contains(scalar.value)
    }

    /// A line at once, also into a pipe.
    static func say(_ text: String) {
        try? FileHandle.standardOutput.write(contentsOf: Data((text + "\n").utf8))
    }

    static func printJSON(_ value: [String: Any]) {
        let options: JSONSerialization.WritingOptions = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? JSONSerialization.data(withJSONObject: value, options: options) else {
            return
        }
        say(String(decoding: data, as: UTF8.self))
    }

    static func object(_ json: String) throws -> [String: Any] {
        guard let object = try? JSONSerialization.jsonObject(with: Data(json.utf8)),
            let fields = object as? [String: Any]
        else { throw ClientError.unexpected(json) }
        return fields
    }

    static func list(_ json: String) throws -> [[String: Any]] {
        guard let object = try? JSONSerialization.jsonObject(with: Data(json.utf8)) else {
            throw ClientError.unexpected(json)
        }
        if let one = object as? [String: Any] { return [one] }
        return object as? [[String: Any]] ?? []
    }

    /// Columns as wide as their widest cell.
    static func table(_ rows: [[String]]) {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in
            rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
        }
        for row in rows {
            let cells = row.enumerated().map { place, cell in
                cell.padding(toLength: max(widths[place], cell.count), withPad: " ", startingAt: 0)
            }
            var line = cells.joined(separator: "  ")
            while line.hasSuffix(" ") { line.removeLast() }
            say(line)
        }
    }

    static func topics(_ topics: [[String: Any]]) {
        guard !topics.isEmpty else {
            return say("no topics yet: wiber pub NAME TEXT makes one")
        }
        var rows = [
            ["TOPIC", "LEADER", "MESSAGES", "BYTES", "FIRST", "LAST", "RATE/S", "REPLICAS"]
        ]
        for topic in topics {
            let replicas = (topic["replicas"] as? [[String: Any]] ?? []).map {
                "\($0["node"] ?? "")"
            }
            rows.append([
                text(topic["name"]), text(topic["leader"]), text(topic["messages"]),
                text(topic["bytes"]), text(topic["first_sequence"]), text(topic["last_sequence"]),
                text(topic["publish_rate"]), replicas.joined(separator: ","),
            ])
        }
        table(rows)
    }

    static func text(_ value: Any?) -> String {
        if let flag = value as? Bool, "\(type(of: value))".contains("Bool") { return "\(flag)" }
        guard let value, !(value is NSNull) else { return "-" }
        return "\(value)"
    }

    /// The messages of a HISTORY reply, one a line.
    static func history(_ json: String) throws {
        let reply = try object(json)
        for message in reply["messages"] as? [[String: Any]] ?? [] {
            let data = message["data"] as? String
            let shown = data.map(safe) ?? "base64:\(text(message["data_base64"]))"
            say("\(text(message["sequence"]))  \(text(message["time"]))  \(shown)")
        }
    }
}
