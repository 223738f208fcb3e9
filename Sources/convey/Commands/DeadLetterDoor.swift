import ArgumentParser
import ConveyEngine
import ConveyHTTP
import Foundation
import Glibc
import JournalPort
import Logging
import SQLiteJournal

/// Where the commands find dead letters.
struct DeadLetterDoorFlags: ParsableArguments {
    @Option(name: Settings.httpAddress.name, help: "Where the service listens. [CONVEY_HTTP_ADDRESS, http.address]")
    var http: String?
    @Option(name: Settings.dataDirectory.name, help: "Read this data directory instead of asking a service.")
    var data: String?
    @Flag(help: "Print the answer as JSON.")
    var json = false
    @OptionGroup(title: "Configuration")
    var config: ConfigFileFlag

    func validate() throws {
        if http != nil, data != nil { throw ValidationError("give --http or --data, not both") }
    }

    func open() throws -> any DeadLetterDoor {
        if let data { return DeadLetterFile(directory: data) }
        let address = try SettingsOutcome.serviceAddress(
            http, configFile: config.file, instead: "; read the journal with --data DIR")
        return DeadLetterService(address: address)
    }
}

/// Answers about dead letters: JSON as HTTP has it. Failures end the command.
protocol DeadLetterDoor {
    func list(after: Int64, limit: Int) throws -> String
    func show(_ position: Int64) throws -> String
    /// - Parameter action: `redrive` or `discard`.
    func move(_ action: String, _ positions: [Int64]) throws -> String
}

/// The running service.
struct DeadLetterService: DeadLetterDoor {
    let address: HTTPAddress
    /// 1,000 letters, or one with the largest payload.
    private static let answerLimit = 64 << 20

    func list(after: Int64, limit: Int) throws -> String {
        try ask("GET", "/v1/deadletters?after=\(after)&limit=\(limit)")
    }

    func show(_ position: Int64) throws -> String { try ask("GET", "/v1/deadletters/\(position)") }

    func move(_ action: String, _ positions: [Int64]) throws -> String {
        let list = positions.map(String.init).joined(separator: ",")
        return try ask("POST", "/v1/deadletters/\(action)", json: Array("{\"positions\":[\(list)]}".utf8))
    }

    private func ask(_ method: String, _ path: String, json: [UInt8]? = nil) throws -> String {
        let headers = HTTPProbe.token.map { [(name: "Authorization", value: "Bearer \($0)")] } ?? []
        guard
            let answer = HTTPProbe.request(
                method, path, json: json, headers: headers, at: address, limit: Self.answerLimit)
        else {
            StandardError.print("nobody answers at http://\(address); is convey serve running? Or give --data DIR")
            throw ExitStatus.unavailable
        }
        let body = answer.body.trimmingCharacters(in: .newlines)
        switch answer.status {
        case 200: return body
        case 401, 403:
            StandardError.print("\(body)\ngive a token in \(EnvironmentSettings.httpTokenName)")
            throw ExitStatus.unavailable
        case 404:
            StandardError.print("there is no such dead letter")
            throw ExitStatus.noInput
        default:
            StandardError.print(body)
            throw ExitStatus.unavailable
        }
    }
}

/// The journal itself.
struct DeadLetterFile: DeadLetterDoor {
    let directory: String

    func list(after: Int64, limit: Int) throws -> String {
        try reading { (reader) throws(JournalError) in
            DeadLetterJSON.list(try reader.deadLetterDetails(after: Position(after), limit: limit))
        }
    }

    func show(_ position: Int64) throws -> String {
        let letters = try orExit { () throws(JournalError) in
            try SQLiteJournal.openReader(directory: directory).deadLetterDetails(at: Position(position))
        }
        guard let letter = letters.first else {
            StandardError.print("there is no such dead letter")
            throw ExitStatus.noInput
        }
        return String(decoding: DeadLetterJSON.letter(letter), as: UTF8.self)
    }

    /// One transaction of an engine that applies nothing and starts nothing: the next start does.
    func move(_ action: String, _ positions: [Int64]) throws -> String {
        try orExit { () throws(JournalError) in
            // Only to keep `--data` with a wrong directory from making one.
            _ = try SQLiteJournal.openReader(directory: directory)
            let journal = try SQLiteJournal(directory: directory, partitionCount: 1)
            var settings = EngineSettings()
            settings.effects.llm.maxConcurrent = 0
            settings.effects.tool.maxConcurrent = 0
            settings.applyBudget = 0
            settings.causeTimeoutMilliseconds = .max / 2
            let time = EngineTime(wall: Self.now(), monotonic: 0)
            let engine = try Engine(
                journal: journal, settings: settings, time: time,
                logger: Logger(label: "deadletters") { _ in SwiftLogNoOpLogHandler() })
            var input = EngineInput()
            let list = positions.map { Position($0) }
            input.deadLetterRequests = [action == "redrive" ? .redrive(list) : .discard(list)]
            let output = try engine.transact(input, at: time)
            guard case .outcomes(let outcomes)? = output.deadLetterAnswers.first else { return "{\"results\":[]}" }
            return String(decoding: DeadLetterJSON.outcomes(outcomes), as: UTF8.self)
        }
    }

    /// Microseconds since 1970.
    private static func now() -> Int64 { Int64(Date().timeIntervalSince1970 * 1_000_000) }

    private func reading(_ body: (any JournalReader) throws(JournalError) -> [UInt8]) throws -> String {
        try orExit { () throws(JournalError) in
            String(decoding: try body(SQLiteJournal.openReader(directory: directory)), as: UTF8.self)
        }
    }

    private func orExit<Value>(_ body: () throws(JournalError) -> Value) throws -> Value {
        do {
            return try body()
        } catch {
            StandardError.print(error.code == .inUse ? "\(error.message); or leave --data out to ask it" : "\(error)")
            throw ExitStatus.unavailable
        }
    }
}
