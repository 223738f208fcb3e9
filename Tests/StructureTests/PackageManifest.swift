/// The targets in Package.swift. The file is read as text: as a program it only runs inside SwiftPM.
struct PackageManifest {
    struct Target {
        var name: String
        var path: String
        /// Other targets of this package.
        var modules: Set<String> = []
        /// Products of other packages.
        var products: Set<String> = []

        var dependencies: Set<String> { modules.union(products) }
    }

    private(set) var targets: [String: Target] = [:]

    init() throws {
        let lines = try SourceTree.text("Package.swift").split(separator: "\n").map { line in
            line.firstRange(of: #/(?:^|\s)// /#).map { line[..<$0.lowerBound] } ?? line
        }
        let text = lines.joined(separator: "\n")
        for start in text.matches(of: /\.(target|executableTarget|testTarget)\(/) {
            let body = Self.balanced(text[start.range.upperBound...])
            guard let name = body.firstMatch(of: /name: "(\w+)"/)?.1 else { continue }
            let folder = start.1 == "testTarget" ? "Tests" : "Sources"
            var target = Target(name: String(name), path: "\(folder)/\(name)")
            if let path = body.firstMatch(of: /path: "([^"]+)"/)?.1 { target.path = String(path) }
            if let list = body.firstMatch(of: /dependencies: \[([^\]]*)\]/)?.1 {
                let products = list.matches(of: /\.product\(\s*name: "(\w+)", package: "[^"]+"\)/)
                target.products = Set(products.map { String($0.1) })
                let rest = list.replacing(/\.product\([^)]*\)/, with: "")
                target.modules = Set(rest.matches(of: /"(\w+)"/).map { String($0.1) })
            }
            targets[target.name] = target
        }
    }

    /// All modules of this package linked with a module's code.
    func reach(_ module: String) -> Set<String> {
        var found: Set<String> = []
        var open = [module]
        while let next = open.popLast() {
            for dependency in targets[next]?.modules ?? [] where found.insert(dependency).inserted {
                open.append(dependency)
            }
        }
        return found
    }

    /// Up to the parenthesis that closes the one before `text`.
    private static func balanced(_ text: Substring) -> Substring {
        var depth = 1
        for index in text.indices {
            if text[index] == "(" { depth += 1 }
            if text[index] == ")" { depth -= 1 }
            if depth == 0 { return text[..<index] }
        }
        return text
    }
}
