import Foundation
import Testing

@Suite("Documents")
struct DocumentLinkTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    @Test("Every link from one document to another file leads to what is there, headings included")
    func links() throws {
        var count = 0
        for document in try Self.documents() {
            let text = try Self.text(document)
            let pictures = text.matches(of: /src(?:set)?="([^"]+)"/).map { String($0.1) }
            for link in text.matches(of: /\]\(([^)\s]+)\)/).map({ String($0.1) }) + pictures {
                if link.hasPrefix("http") { continue }
                count += 1
                let parts = link.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
                let target =
                    parts[0].isEmpty
                    ? document : document.deletingLastPathComponent().appendingPathComponent(parts[0])
                guard FileManager.default.fileExists(atPath: target.path) else {
                    Issue.record("\(document.lastPathComponent): there is no \(link)")
                    continue
                }
                if parts.count == 2 {
                    let anchors = try Self.headings(target).map(Self.anchor)
                    #expect(anchors.contains(parts[1]), "\(document.lastPathComponent): \(link) has no such heading")
                }
            }
        }
        #expect(count > 100)
    }

    @Test("The contents of PROTOCOL.md are its sections, in their order")
    func contents() throws {
        let file = Self.root.appendingPathComponent("docs/PROTOCOL.md")
        let contents = try Self.text(file).components(separatedBy: "\n## ")[0]
        let listed = contents.matches(of: /\(#([^)]+)\)/).map { String($0.1) }
        #expect(listed == (try Self.headings(file, level: "## ").map(Self.anchor)))
    }

    private static func documents() throws -> [URL] {
        var found = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md"].map(root.appendingPathComponent)
        for folder in ["docs", "docs/adr", "docs/guides", "docs/operations", "broker", "examples"].map(
            root.appendingPathComponent)
        {
            found += try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
                .filter { $0.pathExtension == "md" }
        }
        return found
    }

    /// Without blocks of code.
    private static func text(_ file: URL) throws -> String {
        try String(contentsOf: file, encoding: .utf8).components(separatedBy: "```").enumerated()
            .filter { $0.offset.isMultiple(of: 2) }.map(\.element).joined()
    }

    private static func headings(_ file: URL, level: String = "#") throws -> [String] {
        try text(file).split(separator: "\n").filter { $0.hasPrefix(level) }
            .map { $0.drop { $0 == "#" }.trimmingCharacters(in: .whitespaces) }
    }

    /// As GitHub and GitLab make it from a heading.
    private static func anchor(_ heading: String) -> String {
        heading.lowercased().filter { $0.isLetter || $0.isNumber || " -_".contains($0) }.replacing(" ", with: "-")
    }
}
