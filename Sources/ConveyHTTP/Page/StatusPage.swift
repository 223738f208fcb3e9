import ConveyRuntime

/// `/status`: the parts of the service, how much waits where, and what the background verification has found.
enum StatusPage {
    static func response(_ status: RuntimeStatus, _ metrics: MetricsSnapshot) -> HTTPResponse {
        let parts = status.parts.map { part -> HTML in
            let mark: HTML = part.isReady ? "" : #" class="problem""#
            return "<dt>\(part.name)</dt><dd\(mark)>\(part.words)</dd>\n"
        }
        let gauges = metrics.gauges
        let numbers: [(name: String, value: Int)] = [
            ("signals waiting to be applied", gauges.queueDepth), ("of them waiting for their cause", gauges.parked),
            ("events waiting for the broker", gauges.outboxLag), ("effects under way", gauges.openEffects),
            ("dead letters", gauges.deadLettersOpen), ("conversations in memory", gauges.conversationsCached),
            ("journal, bytes", gauges.journalBytes), ("memory, bytes", gauges.residentBytes),
        ]
        return PageLayout.response(
            "Status", here: .status,
            """
            <h1>\(status.isReady ? "Ready" : "Not ready")</h1>
            <dl>\(parts)</dl>
            <h2>How much waits</h2>
            <dl>\(numbers.map { "<dt>\($0.name)</dt><dd>\($0.value)</dd>\n" as HTML })</dl>
            <h2>Verification</h2>
            <p>\(words(status.verification))</p>
            <p class="quiet">\(metrics.counters.verifiedConversations) conversations and
            \(metrics.counters.verifiedRecords) records looked at since the start.</p>
            """)
    }

    private static func words(_ verification: RuntimeStatus.Verification) -> String {
        switch verification {
        case .notYet: "Nothing has been looked at yet."
        case .sound: "The journal agrees with itself wherever it was looked at."
        case .difference(let text): "The journal does not agree with itself: \(text)"
        }
    }
}
