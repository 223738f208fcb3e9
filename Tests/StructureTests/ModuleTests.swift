import Testing

@Suite("Modules")
struct ModuleTests {
    /// Modules that a module must not be linked with, even indirectly.
    private static let forbidden: [(module: String, mustNotReach: [String])] = [
        ("Signals", ["Conversation", "Threads"]),
        ("Conversation", ["JournalPort", "Threads"]),
        ("JournalPort", ["ConveyEngine", "Threads", "SQLite", "MQTTTransport"]),
        ("ConveyEngine", ["JournalReading", "ConveyQueries", "MQTTTransport", "SQLite"]),
        ("JournalReading", ["ConveyEngine", "MQTTTransport", "SQLite"]),
        ("ConveyQueries", ["ConveyEngine", "MQTTTransport", "SQLite"]),
        ("MQTTTransport", ["Signals", "Conversation"]),
        ("ConveyRuntime", ["SQLite", "HTTPServing", "ChatCompletions"]),
        ("SQLite", ["MQTTTransport", "Signals", "Conversation"]),
        ("SQLiteJournal", ["ConveyRuntime", "ConveyEngine", "JournalReading", "MQTTTransport"]),
        ("PostgreSQL", ["MQTTTransport", "Signals", "Conversation"]),
        ("PostgresJournal", ["ConveyRuntime", "ConveyEngine", "JournalReading", "MQTTTransport", "SQLite"]),
        ("ProjectionConsumer", ["ConveyRuntime", "JournalPort", "SQLiteJournal"]),
        ("ChatCompletions", ["ConveyRuntime", "JournalPort", "MQTTTransport"]),
        ("HTTPServing", ["Conversation", "ConveyRuntime", "MQTTTransport"]),
        ("ConveyClient", ["ConveyRuntime", "JournalPort", "SQLite"]),
        ("ConveySettings", ["SQLite"]),
    ]

    /// Swift's own modules; they need no declaration.
    private static let ofTheToolchain: Set = [
        "Dispatch", "Foundation", "FoundationEssentials", "FoundationNetworking", "Glibc", "PackageDescription",
        "Synchronization", "Testing",
    ]

    @Test("Forbidden modules are not linked, even indirectly")
    func forbiddenArrows() throws {
        let manifest = try PackageManifest()
        for (module, others) in Self.forbidden {
            #expect(manifest.targets[module] != nil, "\(module) is no target")
            let reached = manifest.reach(module).intersection(others).sorted()
            #expect(reached.isEmpty, "\(module) reaches \(reached)")
        }
    }

    @Test("Each module declares what it imports, and imports what it declares")
    func importsAreDeclared() throws {
        for target in try PackageManifest().targets.values.sorted(by: { $0.name < $1.name }) {
            let imports = try SourceTree.files(under: target.path).reduce(into: Set<String>()) {
                $0.formUnion($1.imports)
            }.subtracting(Self.ofTheToolchain)
            let undeclared = imports.subtracting(target.dependencies).sorted()
            #expect(undeclared.isEmpty, "\(target.name) imports \(undeclared) without saying so in Package.swift")
            // Tests name executables so that they are built first.
            guard target.path.hasPrefix("Sources/") else { continue }
            let unused = target.dependencies.subtracting(imports).sorted()
            #expect(unused.isEmpty, "\(target.name) does not import \(unused): take them out of Package.swift")
        }
    }

    @Test("The signals and the conversation core import nothing but each other, not even Foundation")
    func coreIsPure() throws {
        for (module, allowed) in [("Signals", []), ("Conversation", ["Signals"])] as [(String, Set<String>)] {
            for file in try SourceTree.files(under: "Sources/\(module)") {
                let others = file.imports.subtracting(allowed).sorted()
                #expect(others.isEmpty, "\(file.path) imports \(others)")
            }
        }
    }

    @Test("A C library is imported by the one module that wraps it")
    func librariesAreWrapped() throws {
        for (library, owner) in [
            ("CMosquitto", "MQTTTransport"), ("CSQLite", "SQLite"), ("CPostgreSQL", "PostgreSQL"),
            ("CMalloc", "convey"), ("CEditLine", "Terminal"),
        ] {
            let importers = try SourceTree.modules().filter { module in
                try SourceTree.files(under: "Sources/\(module)").contains { $0.imports.contains(library) }
            }
            #expect(importers == [owner], "\(library)")
        }
    }

    @Test("The table of modules in docs/ARCHITECTURE.md is that of Package.swift")
    func documentedAsBuilt() throws {
        let manifest = try PackageManifest()
        let table = try ModuleTable.read()
        #expect(try SourceTree.modules() == table.keys.sorted())
        for (module, row) in table {
            let target = try #require(manifest.targets[module], "\(module) is no target")
            #expect(
                row.modules == target.modules && row.products == target.products,
                "\(module) imports \(target.modules.sorted()) and \(target.products.sorted())")
        }
    }

    @Test("A module has at most the allowed number of lines")
    func modulesAreSmall() throws {
        for module in try SourceTree.modules() {
            let lines = try SourceTree.files(under: "Sources/\(module)").reduce(0) { $0 + $1.lineCount }
            #expect(lines <= 4_200, "\(module): cut it in two")
        }
    }
}
