import Conversation
import Logging
import MQTTTransport

/// The table of settings: for each, its path in the YAML file, its flag, its environment variables, its default, its
/// help and its parser. This table is the only definition of a setting.
package enum Settings {
    /// Every setting, in the order in which help and the printed configuration show them.
    package static let all: [SettingKey] =
        broker + node + ingress + scheduling + effects + effectPolicies + models + turns + [tools.key] + operation

    // MARK: - Broker

    package static let broker: [SettingKey] = [
        brokerURL.key, brokerUsername.key, brokerPassword.key, brokerPasswordFile.key, brokerCAFile.key,
        brokerCertificateFile.key, brokerKeyFile.key, brokerClientID.key, brokerEmbedded.key, brokerSessionExpiry.key,
        mqttVersion.key, mqttRoot.key, mqttResponseTopics.key,
    ]

    package static let brokerURL = Setting(
        "broker.url", flag: "broker", in: .broker, "URL", default: "mqtt://127.0.0.1:1883", secrecy: .urlWithPassword,
        help: "The broker: mqtt://HOST:PORT, or mqtts://HOST:PORT for TLS.", parse: BrokerURL.parse)
    package static let brokerUsername = Setting(
        "broker.username", in: .broker, "NAME", help: "The user to log in as.", parse: ValueParsers.optionalText)
    package static let brokerPassword = Setting(
        "broker.password", in: .broker, "SECRET", secrecy: .secret,
        help: "The user's password. A flag shows in the list of processes: prefer the environment or the file.",
        parse: ValueParsers.secret)
    package static let brokerPasswordFile = Setting(
        "broker.password_file", in: .broker, "FILE", help: "A file whose first line is the password.",
        parse: ValueParsers.optionalText)
    package static let brokerCAFile = Setting(
        "broker.ca_file", in: .broker, "FILE", note: "the system's",
        help: "PEM file of the broker's certificate authorities.",
        parse: ValueParsers.optionalText)
    package static let brokerCertificateFile = Setting(
        "broker.certificate_file", in: .broker, "FILE", help: "PEM file of the client certificate to present.",
        parse: ValueParsers.optionalText)
    package static let brokerKeyFile = Setting(
        "broker.key_file", in: .broker, "FILE", help: "PEM file of the client certificate's private key.",
        parse: ValueParsers.optionalText)
    package static let brokerClientID = Setting(
        "broker.client_id", in: .broker, "ID", note: "convey-NODE, or convey-cluster with journal.url",
        help: "Client id of the persistent session. Only nodes that share a journal may have the same.",
        parse: ValueParsers.topicLevel)
    package static let brokerEmbedded = Setting(
        "broker.embedded", flag: "embedded-broker", in: .broker, nil, default: "false",
        help: "Start an embedded mosquitto on the broker URL's port of 127.0.0.1, with its data in DATA/broker.",
        parse: ValueParsers.boolean)
    package static let brokerSessionExpiry = Setting(
        "broker.session_expiry", in: .broker, "DURATION", default: "7d",
        help: "How long the broker keeps messages while Convey is disconnected (MQTT 5).",
        parse: ValueParsers.duration(.seconds(60)...(.seconds(3_650 * 86_400))))
    package static let mqttVersion = Setting(
        "mqtt.version", in: .broker, "VERSION", default: "5",
        help: "5, or 3.1.1 for a broker without MQTT 5; 3.1.1 has no receipts.",
        parse: ValueParsers.choice(MQTTVersion.self))
    package static let mqttRoot = Setting(
        "mqtt.root", in: .broker, "TOPIC", default: "conv", help: "Prefix of every topic.",
        parse: ValueParsers.topicRoot)
    package static let mqttResponseTopics = Setting(
        "mqtt.response_topics", in: .broker, "TOPICS",
        note: "{root}/receipt/#, or {root}/receipt/{subject}/# where Convey logs in", isStructured: true,
        help: "Response topics allowed for receipts and answers: topic filters, with {root} and {subject} as levels.",
        parse: ValueParsers.responseTopics)

    // MARK: - Node

    package static let node: [SettingKey] = [
        nodeName.key, dataDirectory.key, httpAddress.key, httpTokensFile.key, httpTLSCertificateFile.key,
        httpTLSKeyFile.key, httpOrigins.key, httpAllowAnonymous.key, httpConnectionsPerAddress.key,
        httpAnswerBytes.key,
    ]

    package static let nodeName = Setting(
        "node", in: .node, "NAME", note: "the host's name",
        help: "This node's name, in its status topic and its client id.", parse: ValueParsers.topicLevel)
    package static let dataDirectory = Setting(
        "data.dir", flag: "data", in: .node, "DIR", default: "./data", help: "Directory of the journal.",
        parse: ValueParsers.text)
    package static let httpAddress = Setting(
        "http.address", flag: "http", in: .node, "HOST:PORT", default: "127.0.0.1:8080", acceptsEmpty: true,
        help: "Address for the page, queries, health and metrics; off for none.",
        parse: ValueParsers.httpAddress)
    package static let httpTokensFile = Setting(
        "http.tokens_file", in: .node, "FILE",
        help: "HTTP access: one NAME:SCOPE:SHA256[:EXPIRY] per line, SCOPE one of read, write, admin.",
        parse: ValueParsers.optionalText)
    package static let httpTLSCertificateFile = Setting(
        "http.tls.certificate_file", in: .node, "FILE",
        help: "Serve HTTPS with this certificate and its intermediates (PEM).",
        parse: ValueParsers.optionalText)
    package static let httpTLSKeyFile = Setting(
        "http.tls.key_file", in: .node, "FILE", help: "The certificate's private key (PEM), without a passphrase.",
        parse: ValueParsers.optionalText)
    package static let httpOrigins = Setting(
        "http.origins", in: .node, "ORIGINS",
        help: "Origins that browsers use for the service behind a proxy, separated by commas.",
        parse: ValueParsers.webOrigins)
    package static let httpAllowAnonymous = Setting(
        "http.allow_anonymous", in: .node, nil, default: "false",
        help: "Serve other machines without tokens, if a proxy or a published port controls access.",
        parse: ValueParsers.boolean)

    package static let httpConnectionsPerAddress = Setting(
        "http.connections_per_address", in: .node, "COUNT", note: "a quarter of all; on loopback all",
        help: "Maximum connections per address, or per /64 of IPv6; behind a proxy, allow as many as it opens.",
        parse: ValueParsers.optionalInteger(1...100_000))
    package static let httpAnswerBytes = Setting(
        "http.answer_bytes", in: .node, "SIZE", default: "64MiB",
        help: "Memory limit for answers that clients have not read yet, including those over MQTT.",
        parse: ValueParsers.size(16 << 20...16 << 30))

    // MARK: - Ingress and journal

    package static let ingress: [SettingKey] = [
        ingressBatchLimit.key, ingressMaxPayloadBytes.key, journalURL.key, journalPartitions.key, journalShards.key,
    ]

    package static let ingressBatchLimit = Setting(
        "ingress.batch_limit", in: .ingress, "COUNT", default: "500",
        help: "Maximum signals per read. The receive maximum is twice that with more than two processors.",
        parse: ValueParsers.integer(1...10_000))
    package static let ingressMaxPayloadBytes = Setting(
        "ingress.max_payload_bytes", in: .ingress, "SIZE", default: "256KiB",
        help: "A larger payload is rejected as too_large.", parse: ValueParsers.size(1 << 10...16 << 20))
    package static let journalURL = Setting(
        "journal.url", flag: "journal", in: .ingress, "URL", note: "SQLite files in data.dir", secrecy: .url,
        help: "PostgreSQL database of the journal, postgres://USER@HOST/DATABASE. Several nodes can share it.",
        parse: ValueParsers.journalURL)
    package static let journalPartitions = Setting(
        "journal.partitions", in: .ingress, "COUNT", default: "64",
        help: "Partitions in a new journal. Fixed when the journal is created.", parse: ValueParsers.integer(1...4_096))
    package static let journalShards = Setting(
        "journal.shards", in: .ingress, "COUNT", default: "1",
        help: "Shards in a new journal, each with its own engine thread. Fixed when the journal is created.",
        parse: ValueParsers.integer(1...64))

    // MARK: - Scheduling and outbox

    package static let scheduling: [SettingKey] = [
        schedulerOrder.key, schedulerFairnessThreshold.key, schedulerCauseTimeout.key, schedulerParkedLimit.key,
        queueLimit.key, outboxWindow.key, outboxLimit.key,
    ]

    package static let schedulerOrder = Setting(
        "scheduler.order", in: .scheduling, "ORDER", default: "round_robin",
        help: "Order between conversations of one priority: round_robin, or arrival for strict record order.",
        parse: ValueParsers.choice(Scheduler.Order.self))
    package static let schedulerFairnessThreshold = Setting(
        "scheduler.fairness_threshold", in: .scheduling, "COUNT", default: "5",
        help: "Consecutive selections at one priority before the next one is served.",
        parse: ValueParsers.integer(1...1_000))
    package static let schedulerCauseTimeout = Setting(
        "scheduler.cause_timeout", in: .scheduling, "DURATION", default: "5m",
        help: "How long a signal waits for its cause before it becomes a dead letter.",
        parse: ValueParsers.duration(.milliseconds(10)...(.seconds(30 * 86_400))))
    package static let schedulerParkedLimit = Setting(
        "scheduler.parked_limit", in: .scheduling, "COUNT", default: "10000",
        help: "Maximum signals that wait for their cause.", parse: ValueParsers.integer(1...1_000_000))
    package static let queueLimit = Setting(
        "queue.limit", in: .scheduling, "COUNT", default: "100000",
        help: "Ingress pauses at this many signals recorded but not applied.",
        parse: ValueParsers.integer(1...10_000_000))
    package static let outboxWindow = Setting(
        "outbox.window", in: .scheduling, "COUNT", default: "200",
        help: "Maximum unacknowledged publishes.", parse: ValueParsers.integer(1...200))
    package static let outboxLimit = Setting(
        "outbox.limit", in: .scheduling, "COUNT", default: "100000",
        help: "Ingress pauses at this many events recorded but not published.",
        parse: ValueParsers.integer(1...100_000_000))

    // MARK: - Effects

    package static let effects: [SettingKey] = [effectsOpenLimit.key]

    package static let effectsOpenLimit = Setting(
        "effects.open_limit", in: .effects, "COUNT", default: "100000",
        help: "Ingress pauses at this many open effects, not counting timers.",
        parse: ValueParsers.integer(1...10_000_000))

    // MARK: - Operation

    package static let operation: [SettingKey] = [
        logLevel.key, logFormat.key, shutdownTimeout.key, verifyBackground.key,
    ]

    package static let logLevel = Setting(
        "log.level", in: .operation, "LEVEL", default: "info",
        help: "trace, debug, info, notice, warning, error or critical.",
        parse: ValueParsers.choice(Logger.Level.self))
    package static let logFormat = Setting(
        "log.format", in: .operation, "FORMAT", default: "text", help: "text or json, one line per entry, to stderr.",
        parse: ValueParsers.choice(LogFormat.self))
    package static let shutdownTimeout = Setting(
        "shutdown.timeout", in: .operation, "DURATION", default: "20s",
        help: "Time limit of a shutdown; unfinished work is left for the next start.",
        parse: ValueParsers.duration(.zero...(.seconds(600))))
    package static let verifyBackground = Setting(
        "verify.background", in: .operation, nil, default: "true",
        help: "Continuously verify randomly chosen conversations of the journal.", parse: ValueParsers.boolean)
}
