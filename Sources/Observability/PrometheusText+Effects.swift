extension PrometheusText {
    mutating func models(_ models: [ModelCounts]) {
        let models = models.sorted { $0.provider < $1.provider }
        header(
            MetricNames.modelTokens, "Tokens of requests and of complete replies, as providers report them.",
            type: "counter")
        for model in models {
            for (direction, count) in [("input", model.inputTokens), ("output", model.outputTokens)] {
                sample(
                    MetricNames.modelTokens, [("provider", model.provider), ("direction", direction)], String(count))
            }
        }
        header(MetricNames.modelFailures, "Failed requests to models, by provider and category.", type: "counter")
        for model in models { failures(MetricNames.modelFailures, ("provider", model.provider), model.failures) }
        header(
            MetricNames.modelFallbacks, "Times the next provider was asked because this one failed.", type: "counter")
        for model in models {
            sample(MetricNames.modelFallbacks, [("provider", model.provider)], String(model.fallbacks))
        }
        histograms(
            MetricNames.firstTokenSeconds, "From a request to the first text or thinking of a streamed reply.",
            models.map { ([("provider", $0.provider)], $0.firstToken) })
        histograms(
            MetricNames.generationSeconds, "From a request to the end of a complete reply.",
            models.map { ([("provider", $0.provider)], $0.generation) })
    }

    mutating func tools(_ tools: [ToolCounts]) {
        let tools = tools.sorted { $0.tool < $1.tool }
        header(MetricNames.toolCalls, "Attempts to call tools, by tool and by what became of them.", type: "counter")
        for tool in tools {
            let outcomes = [("canceled", tool.canceled), ("completed", tool.completed), ("failed", tool.failed)]
            for (outcome, count) in outcomes {
                sample(MetricNames.toolCalls, [("tool", tool.tool), ("outcome", outcome)], String(count))
            }
        }
        header(MetricNames.toolFailures, "Failed attempts to call tools, by tool and category.", type: "counter")
        for tool in tools { failures(MetricNames.toolFailures, ("tool", tool.tool), tool.failures) }
    }

    private mutating func failures(
        _ name: String, _ label: (name: String, value: String), _ counts: [String: UInt64]
    ) {
        for (category, count) in counts.sorted(by: { $0.key < $1.key }) {
            sample(name, [label, ("category", category)], String(count))
        }
    }
}
