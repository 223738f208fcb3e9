// swift-tools-version:6.2
import PackageDescription

// CI sets CONVEY_STRICT=1: every warning in our own targets is then an error.
let strict: [SwiftSetting] =
    Context.environment["CONVEY_STRICT"] == nil ? [] : [.treatAllWarnings(as: .error)]

let package = Package(
    name: "convey",
    products: [
        .executable(name: "convey", targets: ["convey"]),
        .executable(name: "conformance", targets: ["conformance"]),
        .library(name: "Conversation", targets: ["Signals", "Conversation"]),
        .library(name: "ConveyClient", targets: ["ConveyClient"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
    ],
    targets: [
        // The pure core: no dependencies, no I/O, no clock. First its vocabulary, then what it does.
        .target(name: "Signals", swiftSettings: strict),
        .target(name: "Conversation", dependencies: ["Signals"], swiftSettings: strict),

        // The memory of unsent answers, over HTTP and MQTT.
        .target(name: "AnswerMemory", swiftSettings: strict),
        // Threads that block, clocks, signs of life.
        .target(
            name: "Threads", dependencies: [.product(name: "Logging", package: "swift-log")], swiftSettings: strict),
        // Numbers and states that the service shows.
        .target(name: "Observability", dependencies: ["Signals", "Threads"], swiftSettings: strict),

        // What a journal is, whoever keeps it: its protocols and its rows.
        .target(name: "JournalPort", dependencies: ["Conversation", "Signals"], swiftSettings: strict),
        // What an effect is to whoever runs it: attempts, results, failures, policies.
        .target(
            name: "EffectPort", dependencies: ["Conversation", "Signals", "JournalPort"], swiftSettings: strict),
        // Records in, directives out. Knows no broker and no file.
        .target(
            name: "ConveyEngine",
            dependencies: [
                "Conversation", "Signals", "EffectPort", "JournalPort", "Observability",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict),
        // All that only reads: queries, contexts, verification. Never imports the engine.
        .target(
            name: "JournalReading",
            dependencies: ["AnswerMemory", "Conversation", "Signals", "JournalPort", "Threads"],
            swiftSettings: strict),
        // Answers questions beside the service, and tells who watches a conversation.
        .target(
            name: "ConveyQueries",
            dependencies: [
                "AnswerMemory", "Conversation", "Signals", "JournalPort", "JournalReading", "Observability", "Threads",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict),
        // The shell around them.
        .target(
            name: "ConveyRuntime",
            dependencies: [
                "AnswerMemory", "Conversation", "Signals", "ConveyEngine", "ConveyQueries", "EffectPort", "JournalPort",
                "JournalReading",
                "MQTTTransport",
                "Observability", "Threads", .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict),
        .target(name: "MQTTTransport", dependencies: ["CMosquitto", "Threads"], swiftSettings: strict),
        .target(name: "SQLite", dependencies: ["CSQLite"], swiftSettings: strict),
        .target(
            name: "SQLiteJournal",
            dependencies: ["SQLite", "Conversation", "Signals", "JournalPort"],
            swiftSettings: strict),
        .target(name: "PostgreSQL", dependencies: ["CPostgreSQL"], swiftSettings: strict),
        .target(
            name: "PostgresJournal",
            dependencies: ["PostgreSQL", "Conversation", "Signals", "JournalPort", "Threads"],
            swiftSettings: strict),
        // `convey project`: timelines in a database of their own, from published events alone.
        .target(
            name: "ProjectionConsumer",
            dependencies: [
                "Conversation", "Signals", "MQTTTransport", "SQLite",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict),
        .target(
            name: "EffectHandlers",
            dependencies: [
                "ChatCompletions", "Conversation", "Signals", "EffectPort", "ConveyRuntime", "JournalPort",
                "JournalReading",
                "MQTTTransport", "Observability", "Threads",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Logging", package: "swift-log"),
                // Types of AsyncHTTPClient's interface.
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            swiftSettings: strict),
        // Any OpenAI-compatible endpoint. Knows nothing of the runtime.
        .target(
            name: "ChatCompletions",
            dependencies: [
                "Conversation", "Signals",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                // Types of its interface: buffers, headers, and the errors that it passes on.
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOHTTPCompression", package: "swift-nio-extras"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            swiftSettings: strict),
        // An HTTP server with access control and limits. Knows nothing of conversations; of `Signals` it uses RFC 3339.
        .target(
            name: "HTTPServing",
            dependencies: [
                "AnswerMemory", "Signals",
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HummingbirdTLS", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                // Types of its interface.
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            swiftSettings: strict),
        // The routes of Convey, its page and its documents.
        .target(
            name: "ConveyHTTP",
            dependencies: [
                "AnswerMemory", "HTTPServing", "Conversation", "Signals", "ConveyQueries", "ConveyRuntime",
                "JournalPort", "JournalReading", "Observability",
            ],
            // In the program itself, so that it needs no files beside it.
            resources: [
                .embedInCode("Page/Assets/icon.svg"), .embedInCode("Page/Assets/page.css"),
                .embedInCode("Page/Assets/page.js"),
            ],
            swiftSettings: strict),
        // Settings from flags, environment and YAML file: the table, how each is read, and what does not fit together.
        .target(
            name: "ConveySettings",
            dependencies: [
                "ChatCompletions", "Conversation", "Signals", "EffectPort", "HTTPServing", "ConveyRuntime",
                "EffectHandlers", "MQTTTransport", .product(name: "Logging", package: "swift-log"),
                .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: strict),
        // For programs that ask a running Convey: small, without Foundation's networking.
        .target(
            name: "ConveyClient", dependencies: ["Conversation", "Signals", "MQTTTransport", "Threads"],
            swiftSettings: strict),
        // How commands ask a running service over HTTP and HTTPS.
        .target(
            name: "ServiceClient",
            dependencies: [
                "Conversation", "ConveyClient", "HTTPServing",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                // Types of its interface.
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            swiftSettings: strict),
        // Child processes and the broker that some of them are.
        .target(name: "ProcessKit", swiftSettings: strict),
        // The embedded broker: a mosquitto as a child process.
        .target(
            name: "EmbeddedMosquitto", dependencies: ["ProcessKit", .product(name: "Logging", package: "swift-log")],
            swiftSettings: strict),
        // What a person sees: all that any command prints goes through here.
        .target(name: "Terminal", dependencies: ["CEditLine", "Signals"], swiftSettings: strict),
        // What client commands say and show, without I/O.
        .target(name: "Dialogue", dependencies: ["ConveyClient", "Signals", "Terminal"], swiftSettings: strict),
        .systemLibrary(name: "CMalloc"),
        .systemLibrary(name: "CEditLine", pkgConfig: "libedit", providers: [.apt(["libedit-dev"])]),
        .systemLibrary(name: "CMosquitto", pkgConfig: "libmosquitto", providers: [.apt(["libmosquitto-dev"])]),
        .systemLibrary(name: "CPostgreSQL", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),

        .executableTarget(
            name: "convey",
            dependencies: [
                "AnswerMemory", "HTTPServing", "Conversation", "Signals", "JournalPort", "ConveyEngine", "EffectPort",
                "JournalReading", "ConveyQueries",
                "ConveyRuntime", "Observability", "Threads", "MQTTTransport", "SQLiteJournal", "PostgresJournal",
                "EffectHandlers",
                "ChatCompletions", "ConveyHTTP", "ConveyClient", "EmbeddedMosquitto", "CMalloc", "SQLite",
                "ConveySettings",
                "ProjectionConsumer", "ServiceClient", "Terminal", "Dialogue",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict),

        // `make conformance`: the reference vectors against the pure core.
        .target(
            name: "ConformanceKit", dependencies: ["Conversation", "Signals"], path: "Tests/ConformanceKit",
            swiftSettings: strict),
        .executableTarget(name: "conformance", dependencies: ["ConformanceKit"], swiftSettings: strict),

        // `make bench`: load through a real broker, which knows the runtime by its topics, metrics and flags only; and the
        // engine alone.
        .executableTarget(
            name: "bench",
            dependencies: [
                "ProcessKit", "Signals", "Conversation", "JournalPort", "ConveyEngine", "SQLiteJournal",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "Benchmarks", swiftSettings: strict),

        // This file, the sources and docs/ARCHITECTURE.md must agree about modules and files.
        .testTarget(name: "StructureTests", swiftSettings: strict),
        .testTarget(
            name: "DialogueTests", dependencies: ["Dialogue", "ConveyClient", "Signals", "Terminal"],
            swiftSettings: strict),
        .testTarget(name: "TerminalTests", dependencies: ["Terminal"], swiftSettings: strict),
        .testTarget(name: "SignalsTests", dependencies: ["Signals", "Conversation"], swiftSettings: strict),
        .testTarget(name: "ConversationTests", dependencies: ["Conversation", "Signals"], swiftSettings: strict),
        .testTarget(
            name: "ConformanceTests", dependencies: ["ConformanceKit"], exclude: ["Vectors"], swiftSettings: strict),
        .target(
            name: "JournalSupport", dependencies: ["Conversation", "Signals", "JournalPort"],
            path: "Tests/JournalSupport",
            swiftSettings: strict),
        // `make simulate`: the promises under seeded crashes and faults.
        .target(
            name: "SimulationKit",
            dependencies: [
                "Conversation", "Signals", "ConveyEngine", "EffectPort", "JournalPort", "JournalReading",
                "JournalSupport",
                "Observability",
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "Tests/SimulationKit", swiftSettings: strict),
        .executableTarget(name: "simulate", dependencies: ["SimulationKit"], swiftSettings: strict),
        .testTarget(
            name: "ConveyRuntimeTests",
            dependencies: [
                "AnswerMemory", "Conversation", "Signals", "ConveyEngine", "ConveyQueries", "ConveyRuntime",
                "EffectPort", "JournalPort",
                "JournalReading",
                "JournalSupport", "MQTTTransport", "Observability", "SimulationKit", "Threads",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "EffectHandlersTests",
            dependencies: [
                "EffectHandlers", "ChatCompletions", "ConveyEngine", "ConveyRuntime", "Conversation", "Signals",
                "EffectPort", "JournalPort",
                "JournalReading", "JournalSupport", "MQTTTransport", "Observability", "TestSupport",
                .product(name: "InMemoryLogging", package: "swift-log"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "SQLiteJournalTests",
            dependencies: [
                "SQLiteJournal", "Conversation", "Signals", "ConveyEngine", "CSQLite", "EffectPort", "JournalPort",
                "JournalReading", "SQLite", "ProjectionConsumer",
                "JournalSupport",
                .product(name: "Logging", package: "swift-log"),
            ],
            exclude: ["Fixtures"],
            swiftSettings: strict),
        .testTarget(
            name: "PostgresJournalTests",
            dependencies: [
                "PostgresJournal", "PostgreSQL", "SQLiteJournal", "Conversation", "Signals", "ConveyEngine",
                "EffectPort", "JournalPort",
                "JournalReading", "JournalSupport", "SimulationKit", "TestSupport",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict),
        // Real brokers and cut wires for tests.
        .target(
            name: "TestSupport", dependencies: ["ProcessKit"], path: "Tests/TestSupport", swiftSettings: strict),
        .testTarget(
            name: "MQTTTransportTests", dependencies: ["MQTTTransport", "TestSupport", "Threads"], swiftSettings: strict
        ),
        .testTarget(name: "BenchmarkTests", dependencies: ["bench", "ProcessKit"], swiftSettings: strict),
        .testTarget(
            name: "ConveyTests",
            dependencies: [
                "convey", "AnswerMemory", "EmbeddedMosquitto", "Dialogue", "HTTPServing", "JournalPort",
                "ChatCompletions", "Conversation",
                "Signals",
                "ConveyHTTP", "EffectHandlers",
                "JournalReading", "MQTTTransport", "Observability", "ServiceClient", "TestSupport",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"), "ConveySettings",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "ChatCompletionsTests", dependencies: ["ChatCompletions", "Conversation", "Signals", "TestSupport"],
            swiftSettings: strict),
        // `convey` is named so that the binary these tests run is built first.
        .testTarget(
            name: "EndToEndTests",
            dependencies: [
                "convey", "ConveyClient", "MQTTTransport", "Conversation", "Signals", "CSQLite", "JournalSupport",
                "TestSupport",
                // Where a test holds up what a process of its own could not be held up in.
                "ConveyRuntime", "JournalPort", "PostgresJournal", "SQLiteJournal", "Threads",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)
