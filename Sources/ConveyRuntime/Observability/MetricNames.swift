/// The name of every metric. `{prefix}` is `convey_`; counters end in `_total`, units are base units.
struct MetricNames {
    static let up = "convey_up"
    static let ready = "convey_ready"

    static let received = "convey_signals_received_total"
    static let receivedBytes = "convey_received_bytes_total"
    static let recorded = "convey_signals_recorded_total"
    static let duplicates = "convey_signals_duplicate_total"
    static let rejected = "convey_signals_rejected_total"
    static let applied = "convey_signals_applied_total"
    static let published = "convey_events_published_total"
    static let deadLetters = "convey_dead_letters_total"
    static let commits = "convey_commits_total"
    static let commitFailures = "convey_commit_failures_total"
    static let brokerConnections = "convey_broker_connections_total"
    static let brokerSessionsLost = "convey_broker_sessions_lost_total"
    static let ingressPauses = "convey_ingress_pauses_total"
    static let effects = "convey_effects_total"

    static let queueDepth = "convey_queue_depth"
    static let parked = "convey_signals_parked"
    static let outboxLag = "convey_outbox_lag"
    static let conversationsCached = "convey_conversations_cached"
    static let openEffects = "convey_effects_open"
    static let deadLettersOpen = "convey_dead_letters_open"
    static let journalBytes = "convey_journal_bytes"
    static let residentBytes = "convey_resident_memory_bytes"

    static let commitBatchSize = "convey_commit_batch_size"
    static let commitSeconds = "convey_commit_duration_seconds"
    static let recordSeconds = "convey_record_latency_seconds"
    static let applySeconds = "convey_apply_latency_seconds"
}
