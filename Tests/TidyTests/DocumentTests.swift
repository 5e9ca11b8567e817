import Foundation
import Testing

@Suite("Tidy: documents")
struct DocumentTests {
    @Test func `no Markdown link is dead`() throws {
        for file in try Project.markdownFiles() {
            for link in Self.links(in: file.text) where !link.contains("://") {
                let parts = link.split(
                    separator: "#",
                    maxSplits: 1,
                    omittingEmptySubsequences: false
                )
                let target = parts[0].isEmpty ? file.path : Self.resolve(parts[0], from: file.path)
                guard Project.exists(target) else {
                    Issue.record("\(file): the link to \(link) is dead")
                    continue
                }
                guard parts.count == 2, target.hasSuffix(".md") else { continue }
                let text = try Project.markdownFiles().first { $0.path == target }?.text ?? ""
                #expect(
                    Self.anchors(in: text).contains(String(parts[1])),
                    "\(file): \(link) names a heading that does not exist"
                )
            }
        }
    }

    @Test func `every target has its row in ARCHITECTURE and every row its target`() throws {
        let text = try String(
            contentsOf: Project.root.appending(path: "ARCHITECTURE.md"),
            encoding: .utf8
        )
        let rows = text.split(separator: "\n").compactMap { line -> String? in
            guard line.hasPrefix("| `"), let name = line.dropFirst(3).split(separator: "`").first
            else { return nil }
            return String(name)
        }
        #expect(rows.sorted() == (try Project.folders(in: "Sources")).sorted())
    }

    @Test func `decisions are numbered from 1 without gaps and have their four parts`() throws {
        let files = try Project.markdownFiles().filter { $0.path.hasPrefix("docs/decisions/") }
        for (place, file) in files.enumerated() {
            let number = String(repeating: "0", count: 4 - "\(place + 1)".count) + "\(place + 1)"
            #expect(file.name.hasPrefix(number + "-"), "\(file): expected number \(number)")
            for part in ["## Context", "## Decision", "## Consequences", "## Alternatives"] {
                #expect(file.text.contains(part), "\(file): has no \(part)")
            }
        }
    }

    @Test func `the licence is the full Apache licence`() throws {
        let text = try String(
            contentsOf: Project.root.appending(path: "LICENSE"),
            encoding: .utf8
        )
        #expect(text.contains("Version 2.0, January 2004"))
        #expect(text.contains("END OF TERMS AND CONDITIONS"))
    }

    /// What the inline links of a Markdown text lead to; code is left out.
    static func links(in text: String) -> [String] {
        var links: [String] = []
        var isCode = false
        for line in text.split(separator: "\n") {
            if line.hasPrefix("```") { isCode.toggle() }
            if isCode { continue }
            for (place, piece) in line.split(separator: "](", omittingEmptySubsequences: false)
                .enumerated()
            where place > 0 {
                guard let end = piece.firstIndex(of: ")") else { continue }
                links.append(String(piece[..<end]))
            }
        }
        return links
    }

    /// The anchors of a text's headings, as GitHub makes them.
    static func anchors(in text: String) -> Set<String> {
        let headings = text.split(separator: "\n").filter { $0.hasPrefix("#") }
        return Set(
            headings.map { heading in
                heading.drop { $0 == "#" || $0 == " " }.lowercased()
                    .filter { $0.isLetter || $0.isNumber || $0 == " " || $0 == "-" || $0 == "_" }
                    .replacing(" ", with: "-")
            }
        )
    }

    static func resolve(_ link: Substring, from path: String) -> String {
        var parts = path.split(separator: "/").dropLast()
        for part in link.split(separator: "/") {
            switch part {
            case ".": continue
            case "..": parts = parts.dropLast()
            default: parts.append(part)
            }
        }
        return parts.joined(separator: "/")
    }
}
