import Testing

@testable import Observability
@testable import Threads

@Suite("Metrics")
struct PrometheusTextTests {
    @Test("The page is in the Prometheus text format: help, type, labels, cumulative buckets")
    func golden() {
        var metrics = MetricsSnapshot()
        metrics.counters.received = 7
        metrics.rejected["attribute_missing:id"] += 2
        metrics.rejected["too_large"] += 1
        metrics.effects[.llm, .completed] += 3
        metrics.commitBatchSize.observe(1)
        metrics.commitBatchSize.observe(7)
        metrics.commitBatchSize.observe(9_999)
        var status = RuntimeStatus.starting
        status.journal = .open
        status.threads = [ThreadAge(name: "engine", seconds: 1.5, limit: 30)]
        let page = PrometheusText.render(metrics, status: status)

        #expect(page.hasPrefix(Self.start))
        #expect(page.contains(Self.rejected))
        #expect(page.contains("convey_effects_total{class=\"llm\",outcome=\"completed\"} 3\n"))
        #expect(page.contains(Self.batchSize))
        #expect(page.hasSuffix("convey_query_duration_seconds_count 0\n"))
    }

    @Test("No metric is declared twice, and every sample has a declaration")
    func declarations() {
        let lines = PrometheusText.render(MetricsSnapshot(), status: .starting).split(separator: "\n")
        let declared = lines.filter { $0.hasPrefix("# TYPE ") }.map { String($0.split(separator: " ")[2]) }
        #expect(Set(declared).count == declared.count)
        for line in lines where !line.hasPrefix("#") {
            let name = String(line.prefix { $0 != " " && $0 != "{" })
            let base = ["_bucket", "_sum", "_count"].first { name.hasSuffix($0) }.map {
                String(name.dropLast($0.count))
            }
            #expect(declared.contains(name) || base.map(declared.contains) == true, "\(line)")
        }
    }

    @Test("A partition shows how much waits in it; empty ones are left out")
    func partitions() {
        var metrics = MetricsSnapshot()
        metrics.gauges.partitions = [(0, 0), (3, 1), (2, 0)].map { .init(queued: $0.0, parked: $0.1) }
        metrics.gauges.liveStreams = 7
        // Other threads' numbers do not change it.
        metrics.add(MetricsSnapshot())
        let lines = PrometheusText.render(metrics, status: .starting).split(separator: "\n").filter {
            $0.hasPrefix("convey_partition") || $0.hasPrefix("convey_live")
        }
        #expect(
            lines == [
                #"convey_partition_queue_depth{partition="1"} 3"#, #"convey_partition_queue_depth{partition="2"} 2"#,
                #"convey_partition_signals_parked{partition="1"} 1"#, "convey_live_streams 7",
            ])
    }

    @Test("Each shard shows its state, its last position and its queues; without shards there are no such metrics")
    func shards() {
        var status = RuntimeStatus.starting
        #expect(!PrometheusText.render(MetricsSnapshot(), status: status).contains("convey_shard"))
        status.shards = [
            ShardStatus(index: 0, tag: "abcde", state: .open, lastPosition: 7, queueDepth: 2, outboxLag: 1),
            ShardStatus(index: 1, state: .failed("disk full")),
        ]
        let lines = PrometheusText.render(MetricsSnapshot(), status: status).split(separator: "\n").filter {
            $0.hasPrefix("convey_shard")
        }
        #expect(
            lines == [
                #"convey_shard_up{shard="0"} 1"#, #"convey_shard_up{shard="1"} 0"#,
                #"convey_shard_last_position{shard="0"} 7"#, #"convey_shard_last_position{shard="1"} 0"#,
                #"convey_shard_queue_depth{shard="0"} 2"#, #"convey_shard_queue_depth{shard="1"} 0"#,
                #"convey_shard_outbox_lag{shard="0"} 1"#, #"convey_shard_outbox_lag{shard="1"} 0"#,
            ])
    }

    @Test("Models and tools are counted by provider and by tool")
    func modelsAndTools() {
        var model = ModelCounts(provider: "local", categories: ["auth", "provider"])
        model.inputTokens = 30
        model.outputTokens = 4
        model.failures["auth"] = 2
        model.fallbacks = 1
        model.firstToken.observe(0.2)
        model.generation.observe(45.0)
        var tool = ToolCounts(tool: "look", categories: ["timeout"])
        tool.completed = 5
        tool.failures["timeout"] = 1
        var metrics = MetricsSnapshot()
        metrics.models = [model, ModelCounts(provider: "away", categories: ["auth", "provider"])]
        metrics.tools = [tool]
        let page = PrometheusText.render(metrics, status: .starting)
        for line in [
            #"convey_llm_tokens_total{provider="away",direction="input"} 0"#,
            #"convey_llm_tokens_total{provider="local",direction="input"} 30"#,
            #"convey_llm_tokens_total{provider="local",direction="output"} 4"#,
            #"convey_llm_failures_total{provider="local",category="auth"} 2"#,
            #"convey_llm_failures_total{provider="local",category="provider"} 0"#,
            #"convey_llm_fallbacks_total{provider="local"} 1"#,
            #"convey_llm_time_to_first_token_seconds_bucket{provider="local",le="0.1"} 0"#,
            #"convey_llm_time_to_first_token_seconds_bucket{provider="local",le="0.25"} 1"#,
            #"convey_llm_generation_duration_seconds_bucket{provider="local",le="60"} 1"#,
            #"convey_llm_generation_duration_seconds_bucket{provider="local",le="+Inf"} 1"#,
            #"convey_llm_generation_duration_seconds_sum{provider="local"} 45"#,
            #"convey_llm_generation_duration_seconds_count{provider="away"} 0"#,
            #"convey_tool_calls_total{tool="look",outcome="completed"} 5"#,
            #"convey_tool_calls_total{tool="look",outcome="failed"} 1"#,
            #"convey_tool_failures_total{tool="look",category="timeout"} 1"#,
        ] { #expect(page.contains("\n\(line)\n"), "\(line)") }
    }

    @Test("The page shows the version, the process's time and memory, and refused requests")
    func process() {
        var metrics = MetricsSnapshot()
        metrics.version = "1.2.3"
        metrics.gauges.cpuSeconds = 12.5
        metrics.gauges.residentBytes = 4_096
        metrics.gauges.startTime = 1_795_000_000.25
        metrics.refusedRequests = [401: 2, 503: 1]
        let page = PrometheusText.render(metrics, status: .starting)
        for line in [
            #"convey_build_info{version="1.2.3"} 1"#, "process_cpu_seconds_total 12.5",
            "process_resident_memory_bytes 4096", "process_start_time_seconds 1795000000.25",
            #"convey_http_requests_refused_total{status="401"} 2"#,
            #"convey_http_requests_refused_total{status="503"} 1"#,
        ] { #expect(page.contains("\n\(line)\n"), "\(line)") }
    }

    @Test("The start of a process is the boot time plus its ticks, whatever its name is")
    func startTime() {
        let status = "42 (a) b (c)) S 1 42 42 0 -1 4194560 1 0 0 0 7 3 0 0 20 0 9 0 2550 1 2\n"
        let time = ProcessUsage.startTime(
            status: status, machine: "cpu 1 2\nbtime 1795000000\nprocesses 3\n", ticksPerSecond: 100)
        #expect(time == 1_795_000_025.5)
        #expect(ProcessUsage.startTime(status: "42 (a) S 1", machine: "btime 5\n", ticksPerSecond: 100) == nil)
    }

    @Test("This process has a start time and has used processor time")
    func processUsage() {
        #expect(ProcessUsage.cpuSeconds() > 0)
        #expect(ProcessUsage.startTime > 1_700_000_000)
        #expect(ProcessUsage.startTime <= Double(Clocks.wallMicroseconds()) / 1e6 + 1)
    }

    @Test("A label's value is escaped")
    func escaping() {
        #expect(PrometheusText.escaped("a\"b\\c\nd") == "a\\\"b\\\\c\\nd")
    }

    @Test("Codes invented by clients do not create endless time series")
    func rejectionCodesAreBounded() {
        var rejected = RejectionCounts()
        for number in 0..<1_000 { rejected["code_\(number)"] += 1 }
        #expect(rejected.byCode.count <= RejectionCounts.codeLimit + 1)
        #expect(rejected.byCode.values.reduce(0, +) == 1_000)
    }

    @Test("An observation falls into the first bucket whose bound is not below it")
    func histogramBounds() {
        var histogram = Histogram(.seconds)
        histogram.observe(0.001)
        histogram.observe(Duration.milliseconds(2))
        histogram.observe(100.0)
        histogram.observe(Double.nan)
        #expect(histogram.count == 3)
        #expect(histogram.cumulated == [0, 0, 0, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3])
        #expect(abs(histogram.sum - 100.003) < 1e-9)
    }

    @Test("Numbers of two threads add up")
    func addition() {
        var left = MetricsSnapshot()
        left.counters.applied = 2
        left.effects[.tool, .failed] = 1
        var right = MetricsSnapshot()
        right.counters.applied = 3
        right.gauges.queueDepth = 4
        right.effects[.tool, .failed] = 1
        right.rejected["too_deep"] = 1
        right.applySeconds.observe(1.0)
        left.add(right)
        #expect(left.counters.applied == 5)
        #expect(left.gauges.queueDepth == 4)
        #expect(left.effects[.tool, .failed] == 2)
        #expect(left.rejected["too_deep"] == 1)
        #expect(left.applySeconds.count == 1)
    }

    @Test("The process has resident memory")
    func residentMemory() {
        #expect(ProcessMemory.residentBytes() > 1_000_000)
    }

    private static let start = """
        # HELP convey_ready 1 if the runtime accepts signals, else 0.
        # TYPE convey_ready gauge
        convey_ready 0
        # HELP convey_up 1 for each part that is up, else 0.
        # TYPE convey_up gauge
        convey_up{part="journal"} 1
        convey_up{part="recovery"} 0
        convey_up{part="engine"} 1
        convey_up{part="broker"} 0
        convey_up{part="ingress"} 0
        convey_up{part="outbox"} 0
        # HELP convey_thread_beat_age_seconds Seconds since the last beat of each long-lived thread.
        # TYPE convey_thread_beat_age_seconds gauge
        convey_thread_beat_age_seconds{thread="engine"} 1.5
        # HELP convey_signals_received_total Messages received from the broker.
        # TYPE convey_signals_received_total counter
        convey_signals_received_total 7

        """

    private static let rejected = """
        # TYPE convey_signals_rejected_total counter
        convey_signals_rejected_total{code="attribute_missing"} 2
        convey_signals_rejected_total{code="too_large"} 1
        # HELP
        """

    private static let batchSize = """
        # TYPE convey_commit_batch_size histogram
        convey_commit_batch_size_bucket{le="1"} 1
        convey_commit_batch_size_bucket{le="2"} 1
        convey_commit_batch_size_bucket{le="5"} 1
        convey_commit_batch_size_bucket{le="10"} 2
        convey_commit_batch_size_bucket{le="20"} 2
        convey_commit_batch_size_bucket{le="50"} 2
        convey_commit_batch_size_bucket{le="100"} 2
        convey_commit_batch_size_bucket{le="200"} 2
        convey_commit_batch_size_bucket{le="500"} 2
        convey_commit_batch_size_bucket{le="1000"} 2
        convey_commit_batch_size_bucket{le="2000"} 2
        convey_commit_batch_size_bucket{le="5000"} 2
        convey_commit_batch_size_bucket{le="+Inf"} 3
        convey_commit_batch_size_sum 10007
        convey_commit_batch_size_count 3

        """
}
