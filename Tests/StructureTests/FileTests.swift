import Testing

@Suite("Files")
struct FileTests {
    @Test("A type is in a file of its name")
    func typesAreFoundByName() throws {
        for module in try SourceTree.modules() {
            for file in try SourceTree.files(under: "Sources/\(module)") where !file.isMain {
                let strangers = file.types.filter { $0 != file.typeName }
                #expect(strangers.isEmpty, "\(file.path) holds \(strangers): give each a file of its own")
            }
        }
    }

    @Test("Links in the documents lead to files")
    func linksLeadToFiles() throws {
        for document in try SourceTree.documents() {
            let folder = document.split(separator: "/").dropLast()
            for link in try SourceTree.text(document).matches(of: /\]\(([^)\s#]+)/) where !link.1.contains("://") {
                var path = folder
                for step in link.1.split(separator: "/") where step != "." {
                    if step == ".." { path = path.dropLast() } else { path.append(step) }
                }
                #expect(SourceTree.exists(path.joined(separator: "/")), "\(document) links to \(link.1)")
            }
        }
    }

    @Test("A file has at most the allowed number of lines")
    func filesAreShort() throws {
        for module in try SourceTree.modules() {
            for file in try SourceTree.files(under: "Sources/\(module)") {
                #expect(file.lineCount <= 400, "\(file.path) has \(file.lineCount) lines: cut it along a seam")
            }
        }
    }
}
