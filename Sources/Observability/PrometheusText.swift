/// Renders the runtime's numbers in the Prometheus text exposition format, version 0.0.4.
public struct PrometheusText: Sendable {
    /// The content type of the text.
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    private var text = ""

    /// The whole page. Metrics have a fixed order; labels of one metric are ordered by their values.
    public static func render(_ metrics: MetricsSnapshot, status: RuntimeStatus) -> String {
        var page = PrometheusText()
        page.text.reserveCapacity(12_000)
        page.status(status)
        page.shards(status.shards)
        page.counters(metrics.counters)
        page.labelled(metrics)
        page.models(metrics.models)
        page.tools(metrics.tools)
        page.queries(metrics.counters)
        page.http(metrics)
        page.gauges(metrics.gauges)
        page.process(metrics)
        page.histogram(MetricNames.commitBatchSize, "Signals in a transaction.", metrics.commitBatchSize)
        page.histogram(MetricNames.commitSeconds, "Duration of a transaction, commit included.", metrics.commitSeconds)
        page.histogram(
            MetricNames.recordSeconds, "From a message's arrival until it was durable.", metrics.recordSeconds)
        page.histogram(
            MetricNames.applySeconds, "From recording a signal until it was applied.", metrics.applySeconds)
        page.histogram(
            MetricNames.querySeconds, "From a query until its answer, waiting included.", metrics.querySeconds)
        return page.text
    }

    /// Under the standard Prometheus names.
    private mutating func process(_ metrics: MetricsSnapshot) {
        if let version = metrics.version {
            header(MetricNames.buildInfo, "Always 1; the label is the version.", type: "gauge")
            sample(MetricNames.buildInfo, [("version", version)], "1")
        }
        header(MetricNames.cpuSeconds, "Processor time of the process, user and kernel.", type: "counter")
        sample(MetricNames.cpuSeconds, [], Self.number(metrics.gauges.cpuSeconds))
        gauge(MetricNames.residentBytes, "Resident memory of the process.", metrics.gauges.residentBytes)
        header(MetricNames.startTime, "When the process started, in seconds since 1970.", type: "gauge")
        sample(MetricNames.startTime, [], Self.number(metrics.gauges.startTime))
    }

    private mutating func status(_ status: RuntimeStatus) {
        gauge(MetricNames.ready, "1 if the runtime accepts signals, else 0.", status.isReady ? 1 : 0)
        header(MetricNames.up, "1 for each part that is up, else 0.", type: "gauge")
        for part in status.parts {
            sample(MetricNames.up, [("part", part.name)], part.isReady ? "1" : "0")
        }
        header(MetricNames.threadBeatAge, "Seconds since the last beat of each long-lived thread.", type: "gauge")
        for thread in status.threads {
            sample(MetricNames.threadBeatAge, [("thread", thread.name)], Self.number(thread.seconds))
        }
    }

    private mutating func shards(_ shards: [ShardStatus]) {
        if shards.isEmpty { return }
        let metrics: [(name: String, help: String, value: (ShardStatus) -> Int64)] = [
            (
                MetricNames.shardUp, "1 for each shard of the journal that is open, else 0.",
                { $0.state == .open ? 1 : 0 }
            ),
            (MetricNames.shardPosition, "Position of the newest record.", { $0.lastPosition }),
            (MetricNames.shardQueueDepth, "Signals recorded but not applied yet.", { Int64($0.queueDepth) }),
            (MetricNames.shardOutboxLag, "Events recorded and not yet published.", { Int64($0.outboxLag) }),
        ]
        for metric in metrics {
            header(metric.name, metric.help, type: "gauge")
            for shard in shards { sample(metric.name, [("shard", String(shard.index))], String(metric.value(shard))) }
        }
    }

    private mutating func counters(_ counters: MetricsSnapshot.Counters) {
        counter(MetricNames.received, "Messages received from the broker.", counters.received)
        counter(MetricNames.receivedBytes, "Payload bytes received from the broker.", counters.receivedBytes)
        counter(MetricNames.recorded, "Signals written to the journal.", counters.recorded)
        counter(MetricNames.duplicates, "Messages whose signal was already recorded.", counters.duplicates)
        counter(MetricNames.applied, "Signals applied by the reducer.", counters.applied)
        counter(MetricNames.published, "Events that the broker has acknowledged.", counters.published)
        counter(MetricNames.deadLetters, "Signals set aside because they could not be applied.", counters.deadLetters)
        counter(MetricNames.commits, "Transactions committed.", counters.commits)
        counter(MetricNames.commitFailures, "Transactions that failed.", counters.commitFailures)
        counter(MetricNames.brokerConnections, "Connections made to the broker.", counters.brokerConnections)
        counter(
            MetricNames.brokerSessionsLost, "Connections without their earlier session.", counters.brokerSessionsLost)
        counter(
            MetricNames.repliesRefused, "Receipts and answers withheld: the response topic is not allowed.",
            counters.repliesRefused)
        counter(
            MetricNames.repliesDropped, "Receipts and answers that did not reach the broker.", counters.repliesDropped)
        counter(
            MetricNames.eventsSetAside, "Events set aside because the broker does not accept them.",
            counters.eventsSetAside)
        counter(MetricNames.ingressPauses, "Number of times ingress stopped reading.", counters.ingressPauses)
        counter(
            MetricNames.verifiedConversations, "Conversations verified in the background.",
            counters.verifiedConversations)
        counter(MetricNames.verifiedRecords, "Records verified in the background.", counters.verifiedRecords)
        counter(
            MetricNames.verificationDifferences, "Inconsistencies found in the journal.",
            counters.verificationDifferences)
        counter(
            MetricNames.conversationsRebuilt, "Conversations rebuilt from their records.",
            counters.conversationsRebuilt)
    }

    private mutating func labelled(_ metrics: MetricsSnapshot) {
        header(MetricNames.rejected, "Messages that broke the contract, by code.", type: "counter")
        for (code, count) in metrics.rejected.byCode.sorted(by: { $0.key < $1.key }) {
            sample(MetricNames.rejected, [("code", code)], String(count))
        }
        header(MetricNames.effects, "Effects, by class and outcome.", type: "counter")
        for effectClass in EffectCounts.Class.allCases {
            for outcome in EffectCounts.Outcome.allCases {
                let labels = [("class", effectClass.name), ("outcome", outcome.name)]
                sample(MetricNames.effects, labels, String(metrics.effects[effectClass, outcome]))
            }
        }
    }

    private mutating func queries(_ counters: MetricsSnapshot.Counters) {
        header(MetricNames.queries, "Queries, by outcome.", type: "counter")
        let outcomes = [
            ("answered", counters.queriesAnswered), ("failed", counters.queriesFailed),
            ("refused", counters.queriesRefused),
        ]
        for (outcome, count) in outcomes { sample(MetricNames.queries, [("outcome", outcome)], String(count)) }
    }

    private mutating func http(_ metrics: MetricsSnapshot) {
        counter(
            MetricNames.idleConnectionsClosed, "HTTP connections without a request that were closed for others.",
            metrics.counters.idleConnectionsClosed)
        header(
            MetricNames.refusedRequests, "Requests over HTTP answered with a status of 400 or more, by status.",
            type: "counter")
        for (status, count) in metrics.refusedRequests.sorted(by: { $0.key < $1.key }) {
            sample(MetricNames.refusedRequests, [("status", String(status))], String(count))
        }
    }

    private mutating func gauges(_ gauges: MetricsSnapshot.Gauges) {
        gauge(MetricNames.queueDepth, "Signals recorded but not applied yet.", gauges.queueDepth)
        gauge(MetricNames.parked, "Signals that wait for their cause.", gauges.parked)
        partitions(
            MetricNames.partitionQueueDepth, "Signals recorded but not applied yet, if there are any.",
            gauges.partitions.map(\.queued))
        partitions(
            MetricNames.partitionParked, "Signals that wait for their cause, if there are any.",
            gauges.partitions.map(\.parked))
        gauge(MetricNames.outboxLag, "Events recorded and not yet published.", gauges.outboxLag)
        gauge(MetricNames.conversationsCached, "Conversations held in memory.", gauges.conversationsCached)
        gauge(
            MetricNames.conversationsSetAside, "Conversations that cannot be loaded: their signals wait.",
            gauges.conversationsSetAside)
        gauge(MetricNames.openEffects, "Effects without an end.", gauges.openEffects)
        gauge(MetricNames.deadLettersOpen, "Dead letters in the journal.", gauges.deadLettersOpen)
        gauge(MetricNames.journalBytes, "Size of the journal on disk.", gauges.journalBytes)
        gauge(MetricNames.liveStreams, "Open event streams over HTTP.", gauges.liveStreams)
        gauge(MetricNames.answerBytes, "Memory of answers that clients have not read yet.", gauges.answerBytes)
        gauge(MetricNames.httpConnections, "Connections over HTTP.", gauges.httpConnections)
        gauge(
            MetricNames.staleFiles, "1 while a changed file of tokens or certificates cannot be used, else 0.",
            gauges.staleFiles)
        gauge(
            MetricNames.verifiedAt, "When a conversation was last verified, 0 for never.", Int(gauges.verifiedAt))
    }

    /// Empty partitions are left out: usually that is all of them.
    private mutating func partitions(_ name: String, _ help: String, _ depths: [Int]) {
        header(name, help, type: "gauge")
        for (partition, depth) in depths.enumerated() where depth > 0 {
            sample(name, [("partition", String(partition))], String(depth))
        }
    }

    // MARK: - The format

    private mutating func counter(_ name: String, _ help: String, _ value: UInt64) {
        header(name, help, type: "counter")
        sample(name, [], String(value))
    }

    private mutating func gauge(_ name: String, _ help: String, _ value: Int) {
        header(name, help, type: "gauge")
        sample(name, [], String(value))
    }

    private mutating func histogram(_ name: String, _ help: String, _ histogram: Histogram) {
        histograms(name, help, [([], histogram)])
    }

    /// One metric for several label sets.
    mutating func histograms(
        _ name: String, _ help: String, _ histograms: [(labels: [(name: String, value: String)], Histogram)]
    ) {
        header(name, help, type: "histogram")
        for (labels, histogram) in histograms {
            let bounds = histogram.scale.bounds.map(Self.number) + ["+Inf"]
            for (bound, count) in zip(bounds, histogram.cumulated) {
                sample(name + "_bucket", labels + [("le", bound)], String(count))
            }
            sample(name + "_sum", labels, Self.number(histogram.sum))
            sample(name + "_count", labels, String(histogram.count))
        }
    }

    mutating func header(_ name: String, _ help: String, type: String) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
    }

    mutating func sample(_ name: String, _ labels: [(name: String, value: String)], _ value: String) {
        text += name
        if !labels.isEmpty {
            let pairs = labels.map { "\($0.name)=\"\(Self.escaped($0.value))\"" }
            text += "{" + pairs.joined(separator: ",") + "}"
        }
        text += " \(value)\n"
    }

    /// Backslash, quote and line feed are the characters that the format escapes in a label's value.
    static func escaped(_ value: String) -> String {
        var result = ""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// A number without a needless fraction: `1`, `0.0025`.
    private static func number(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : String(value)
    }
}
