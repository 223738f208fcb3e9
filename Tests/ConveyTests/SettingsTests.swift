import Foundation
import MQTTTransport
import Testing

@testable import convey
@testable import ConveySettings

@Suite("Settings")
struct SettingsTests {
    @Test("A flag wins over the environment, the environment over the file, the file over the default")
    func precedence() throws {
        let file = try TemporaryFile("queue:\n  limit: 3\noutbox:\n  limit: 3\n  window: 3\n")
        let settings = try ServeSettings(
            sources(
                ["--queue-limit", "1", "--config", file.path],
                ["CONVEY_QUEUE_LIMIT": "2", "CONVEY_OUTBOX_LIMIT": "2"]))
        #expect(settings.queueLimit == 1)
        #expect(settings.outboxLimit == 2)
        #expect(settings.outboxWindow == 3)
        #expect(settings.schedulerParkedLimit == 10_000)
    }

    @Test("Every setting has a flag, and no two settings share a name")
    func everySettingHasAFlag() throws {
        for key in Settings.all {
            let arguments = key.placeholder == nil ? ["--\(key.flag)"] : ["--\(key.flag)", "1"]
            let given = try ServeCommand.parse(arguments).settingFlags.map(\.given).flatMap(\.keys)
            #expect(given == [key], "\(key.path)")
        }
        let names = Settings.all.flatMap { [$0.path, $0.flag] + $0.environment }
        #expect(Set(Settings.all.flatMap(\.environment)).count == Settings.all.flatMap(\.environment).count)
        #expect(Set(Settings.all.map(\.flag)).count == Settings.all.count)
        #expect(!names.contains(""))
    }

    @Test("Every setting is read by serve, and every default can be read")
    func everySettingIsRead() throws {
        let settings = try ServeSettings(sources([], [:]))
        #expect(Set(settings.inForce.map(\.key)) == Set(Settings.all))
        #expect(settings.inForce.count == Settings.all.count)
    }

    @Test("All wrong values are reported at once, each with its setting and origin")
    func allProblemsAtOnce() throws {
        let file = try TemporaryFile("journal:\n  partitions: many\n")
        let problems = problems(
            ["--broker", "http://x", "--config", file.path],
            ["CONVEY_OUTBOX_WINDOW": "201", "CONVEY_LOG_LEVEL": "loud"])
        #expect(problems.count == 4)
        #expect(problems.contains { $0.hasPrefix("broker.url: ") && $0.hasSuffix("(from --broker)") })
        #expect(
            problems.contains(
                "outbox.window: \"201\" is not a whole number from 1 to 200 (from CONVEY_OUTBOX_WINDOW)"))
        #expect(problems.contains { $0.hasPrefix("log.level: ") && $0.contains("trace, debug, info") })
        #expect(problems.contains { $0.hasPrefix("journal.partitions: ") && $0.hasSuffix("(from \(file.path):2)") })
    }

    @Test("There are at most as many shards as partitions, and 64")
    func shards() throws {
        #expect(try ServeSettings(sources([], [:])).journalShards == 1)
        #expect(
            try ServeSettings(sources(["--journal-shards", "6"], ["CONVEY_JOURNAL_PARTITIONS": "6"])).journalShards == 6
        )
        #expect(
            problems(["--journal-shards", "7"], ["CONVEY_JOURNAL_PARTITIONS": "6"]) == [
                "journal.shards: 7 is more than journal.partitions (6): every shard needs a partition "
                    + "(from --journal-shards)"
            ])
        #expect(problems(["--journal-shards", "65"], [:]).count == 1)
        #expect(problems(["--journal-shards", "0"], [:]).count == 1)
    }

    @Test("An unknown variable or key is an error that names the nearest known one")
    func unknownNames() throws {
        let file = try TemporaryFile("broker:\n  ulr: mqtt://x\nqueue:\n  limit: [1]\n")
        let problems = problems(["--config", file.path], ["CONVEY_QUEUE_LIMT": "1"])
        #expect(problems.contains("CONVEY_QUEUE_LIMT: is not a setting; did you mean CONVEY_QUEUE_LIMIT?"))
        #expect(problems.contains("broker.ulr: is not a setting; did you mean broker.url? (from \(file.path):2)"))
        #expect(problems.contains("queue.limit: takes one value, not a list (from \(file.path):4)"))
    }

    @Test("Variables that Kubernetes sets for a service named convey are not settings")
    func kubernetesVariables() throws {
        let environment = [
            "CONVEY_SERVICE_HOST": "10.0.0.1", "CONVEY_SERVICE_PORT_HTTP": "80", "CONVEY_PORT": "tcp://10.0.0.1:80",
            "CONVEY_PORT_80_TCP": "x", "CONVEY_STRICT": "1",
        ]
        #expect(throws: Never.self) { try ServeSettings(sources([], environment)) }
    }

    @Test("An alias of a variable works; both with different values are an error")
    func aliases() throws {
        let settings = try ServeSettings(sources([], ["CONVEY_BROKER": "mqtt://a:1"]))
        #expect(settings.broker.address == BrokerAddress(host: "a", port: 1))
        let problems = problems([], ["CONVEY_BROKER": "mqtt://a:1", "CONVEY_BROKER_URL": "mqtt://b:1"])
        #expect(problems.contains { $0.contains("given twice") })
    }

    @Test("An empty variable counts as unset, but turns HTTP off")
    func emptyVariables() throws {
        let settings = try ServeSettings(sources([], ["CONVEY_BROKER_USERNAME": "", "CONVEY_HTTP_ADDRESS": ""]))
        #expect(settings.broker.address.username == nil)
        #expect(settings.httpAddress == nil)
        #expect(try ServeSettings(sources(["--http", "off"], [:])).httpAddress == nil)
    }

    @Test("A configuration file that is missing or not YAML is reported, not ignored")
    func badFiles() throws {
        #expect(problems(["--config", "/nonexistent/convey.yaml"], [:]).first?.contains("cannot be read") == true)
        let file = try TemporaryFile("broker: [\n")
        #expect(problems(["--config", file.path], [:]).first?.hasPrefix("config: ") == true)
    }

    @Test("Separate credentials win over those in the URL")
    func credentials() throws {
        let file = try TemporaryFile("from-file\n")
        let settings = try ServeSettings(
            sources(
                ["--broker", "mqtt://u:p@h", "--broker-username", "v", "--broker-password-file", file.path], [:]))
        #expect(settings.broker.address.username == "v")
        #expect(settings.broker.address.password == "from-file")
    }

    @Test("Contradictory settings are reported")
    func contradictions() throws {
        let file = try TemporaryFile("x")
        let tls = problems(["--broker-ca-file", file.path, "--broker-key-file", file.path], [:])
        #expect(tls.contains { $0.hasPrefix("broker.ca_file: needs TLS") })
        #expect(tls.contains { $0.hasPrefix("broker.certificate_file: is missing") })
        #expect(
            problems(["--broker", "mqtts://h:1", "--embedded-broker"], [:]).contains { $0.hasPrefix("broker.url: ") })
        #expect(problems(["--broker-password", "p"], [:]).contains { $0.hasPrefix("broker.username: is required") })
    }

    @Test("The printed configuration shows each value with its origin, reads back the same, and shows no secret")
    func printedSettings() throws {
        let arguments = ["--broker", "mqtts://me:hunter2@h:1", "--node", "n1", "--data", "a dir # \"x\""]
        let settings = try ServeSettings(
            sources(arguments, ["CONVEY_BROKER_PASSWORD": "hunter3", "CONVEY_LOG_LEVEL": "debug"]))
        let yaml = PrintedSettings.yaml(settings.inForce)
        #expect(!yaml.contains("hunter"))
        #expect(yaml.contains("  url: \"mqtts://me:********@h:1\"  # --broker\n"))
        #expect(yaml.contains("  level: debug  # CONVEY_LOG_LEVEL\n"))
        #expect(yaml.contains("node: n1  # --node\n"))

        let file = try TemporaryFile(yaml)
        let again = try ServeSettings(sources(["--config", file.path], [:]))
        #expect(again.dataDirectory == "a dir # \"x\"")
        #expect(again.broker.clientID == "convey-n1")
        #expect(Set(again.inForce.map(\.key)) == Set(Settings.all))
    }

    @Test("No message about a broker URL shows its password")
    func urlProblemsShowNoPassword() {
        for url in ["mqtt://u:hunter2@", "htp://u:hunter2@h", "u:hunter2@h", "mqtt://u:hunter2@h:99999"] {
            let all = problems(["--broker", url], [:]).joined()
            #expect(!all.isEmpty && !all.contains("hunter2"), "\(url): \(all)")
        }
    }

    // MARK: -

    private func sources(_ arguments: [String], _ environment: [String: String]) throws -> SettingSources {
        let command = try ServeCommand.parse(arguments)
        let flags = command.settingFlags.map(\.given).reduce(into: [:]) { $0.merge($1) { first, _ in first } }
        return SettingSources(flags: flags, configFile: command.config.file, environment: environment)
    }

    private func problems(_ arguments: [String], _ environment: [String: String]) -> [String] {
        do {
            _ = try ServeSettings(sources(arguments, environment))
            return []
        } catch let error as SettingProblems {
            return error.problems.map(\.description)
        } catch {
            return ["\(error)"]
        }
    }
}

/// A file that goes away with the value.
final class TemporaryFile {
    let path: String

    init(_ text: String) throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("convey-\(UUID().uuidString)").path
        try text.write(toFile: path, atomically: true, encoding: .utf8)
    }

    // Only temporary files would remain.
    deinit { try? FileManager.default.removeItem(atPath: path) }
}
