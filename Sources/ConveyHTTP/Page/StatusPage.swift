import HTTPServing
import JournalPort
import Observability

/// `/status`: the parts of the service, its queues, its shards and partitions, and the result of the background verification.
enum StatusPage {
    static func response(_ page: PageContext) -> HTTPResponse {
        let status = page.sources.status()
        let metrics = page.sources.metrics()
        let gauges = metrics.gauges
        let parts = status.parts.map { part -> HTML in
            let mark: HTML = part.isReady ? "good" : "bad"
            return #"<dt>\#(part.name)</dt><dd><span class="badge \#(mark)">\#(part.words)</span></dd>"#
        }
        let numbers: [(name: String, value: String)] = [
            ("signals waiting to be applied", String(gauges.queueDepth)),
            ("signals waiting for their cause", String(gauges.parked)),
            ("events waiting for the broker", String(gauges.outboxLag)),
            ("effects in progress, without timers", String(gauges.openEffects)),
            ("dead letters", String(gauges.deadLettersOpen)),
            ("conversations in memory", String(gauges.conversationsCached)),
            ("journal", PageText.bytes(gauges.journalBytes)), ("memory", PageText.bytes(gauges.residentBytes)),
        ]
        return PageLayout.response(
            "Status", here: .status, in: page,
            """
            <div id="status" data-refresh>
            <h1>\(status.isReady ? "Ready" : "Not ready")</h1>
            <dl>\(parts)</dl>
            <h2>Numbers</h2>
            <dl class="numbers">\(numbers.map { "<dt>\($0.name)</dt><dd>\($0.value)</dd>" as HTML })</dl>
            \(nodes(page.sources.cluster()))
            \(shards(status.shards))
            <h2>Partitions</h2>
            \(partitions(gauges.partitions))
            <h2>Verification</h2>
            <p>\(words(status.verification))</p>
            <p class="quiet">\(metrics.counters.verifiedConversations) conversations and
            \(metrics.counters.verifiedRecords) records checked since the start.</p>
            </div>
            """)
    }

    /// One row per node that shares the journal; nil where there is one.
    private static func nodes(_ cluster: ClusterStatus) -> HTML? {
        if cluster.nodes.count < 2 { return nil }
        let rows = cluster.nodes.map { node -> HTML in
            let owned = cluster.shards.filter { $0.isOwned && $0.owner == node.name }.map { "\($0.shard)" }
            let badge: HTML =
                !node.isUp
                ? #"<span class="badge bad">down</span>"#
                : owned.isEmpty
                    ? #"<span class="badge">standing by</span>"# : #"<span class="badge good">at work</span>"#
            let words = owned.isEmpty ? "" : "shards \(owned.joined(separator: ", ")) · "
            return """
                <li>Node <b>\(node.name)</b> \(badge)
                <span class="quiet">\(words)\(node.http ?? "no HTTP") · version \(node.version)</span></li>

                """
        }
        return #"<h2>Nodes</h2><ul class="rows">\#(rows)</ul>"#
    }

    /// One row per shard of the journal; nil until the journal's layout is known.
    private static func shards(_ shards: [ShardStatus]) -> HTML? {
        if shards.isEmpty { return nil }
        let rows = shards.map { shard -> HTML in
            let badge: HTML =
                switch shard.state {
                case .opening: #"<span class="badge busy">opening</span>"#
                case .open: #"<span class="badge good">open</span>"#
                case .standby(let owner): #"<span class="badge">standby: \#(owner)</span>"#
                case .failed(let message): #"<span class="badge bad">failed: \#(message)</span>"#
                }
            return """
                <li>Shard \(shard.index) \(shard.tag.map { "<code>\($0)</code>" as HTML }) \(badge)
                <span class="quiet">position \(shard.lastPosition) · \(shard.queueDepth) signals waiting ·
                \(shard.outboxLag) events waiting for the broker</span></li>

                """
        }
        return #"<h2>Shards</h2><ul class="rows">\#(rows)</ul>"#
    }

    /// The number of waiting signals per partition, relative to the fullest one.
    private static func partitions(_ depths: [MetricsSnapshot.PartitionDepth]) -> HTML {
        let most = max(1, depths.map(\.queued).max() ?? 1)
        let rows = depths.enumerated().map { number, depth -> HTML in
            let parked: HTML? = depth.parked == 0 ? nil : #" title="\#(depth.parked) of them wait for their cause""#
            return """
                <li\(parked)><span>\(number)</span>
                <meter aria-label="partition \(number)" min="0" max="\(most)" value="\(depth.queued)"></meter>
                <span>\(depth.queued)</span></li>

                """
        }
        return """
            <p class="quiet">Signals waiting to be applied in each of the \(depths.count) partitions.</p>
            <ol class="meters">\(rows)</ol>
            """
    }

    private static func words(_ verification: RuntimeStatus.Verification) -> String {
        switch verification {
        case .notYet: "Nothing has been verified yet."
        case .sound: "The journal is consistent wherever it was verified."
        case .difference(let text): "The journal is inconsistent: \(text)"
        }
    }
}
