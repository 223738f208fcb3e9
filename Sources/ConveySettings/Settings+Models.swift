/// The settings of language models.
extension Settings {
    package static let models: [SettingKey] = [
        llmProvider.key, llmFallback.key, llmBaseURL.key, llmModel.key, llmAPIKeyFile.key, llmAPIKeyEnv.key,
        llmOrganization.key, llmProviders.key, llmTemperature.key, llmMaxTokens.key, llmSystemPrompt.key,
        llmSystemPromptFile.key, llmMaxMessages.key, llmTokenBudget.key, llmStream.key, llmFirstTokenTimeout.key,
        llmCoalesceDelay.key, llmCoalesceBytes.key, llmCAFile.key, llmEchoDelay.key, llmEchoChunkWords.key,
    ]

    package static let llmProvider = Setting(
        "llm.provider", in: .models, "NAME", note: "openai with llm.base_url, else echo",
        help:
            "The model provider: echo (streams the user's text back), openai (llm.base_url), or a name in llm.providers.",
        parse: ValueParsers.optionalText)
    package static let llmFallback = Setting(
        "llm.fallback", in: .models, "NAMES", isStructured: true,
        help: "Providers to try, in this order, when the first one fails before it has sent any text.",
        parse: ValueParsers.names)
    package static let llmBaseURL = Setting(
        "llm.base_url", in: .models, "URL", note: "https://api.openai.com/v1 for openai", secrecy: .url,
        help: "Base URL of the provider openai or a compatible server: everything before /chat/completions.",
        parse: ValueParsers.optionalText)
    package static let llmModel = Setting(
        "llm.model", in: .models, "NAME", help: "The model to request from that provider.",
        parse: ValueParsers.optionalText)
    package static let llmAPIKeyFile = Setting(
        "llm.api_key_file", in: .models, "FILE", help: "A file whose first line is that provider's API key.",
        parse: ValueParsers.optionalText)
    package static let llmAPIKeyEnv = Setting(
        "llm.api_key_env", in: .models, "NAME",
        note: "CONVEY_LLM_API_KEY, and for api.openai.com OPENAI_API_KEY",
        help: "The environment variable with that provider's API key.", parse: ValueParsers.optionalText)
    package static let llmOrganization = Setting(
        "llm.organization", in: .models, "ID", help: "Sent to that provider as OpenAI-Organization.",
        parse: ValueParsers.optionalText)
    package static let llmProviders = Setting(
        "llm.providers", in: .models, "JSON", isStructured: true,
        help: "Further providers by name, each with base_url, model, api_key_file or api_key_env, organization, "
            + "headers_file, token_limit, stream_usage.",
        parse: ValueParsers.mapping)
    package static let llmTemperature = Setting(
        "llm.temperature", in: .models, "NUMBER", note: "the model's", help: "From 0 to 2.",
        parse: ValueParsers.optional(ValueParsers.number(0...2)))
    package static let llmMaxTokens = Setting(
        "llm.max_tokens", in: .models, "COUNT", note: "the model's", help: "Maximum tokens per answer.",
        parse: ValueParsers.optional(ValueParsers.integer(1...1_000_000)))
    package static let llmSystemPrompt = Setting(
        "llm.system_prompt", in: .models, "TEXT", help: "System prompt of every request.",
        parse: ValueParsers.optionalText)
    package static let llmSystemPromptFile = Setting(
        "llm.system_prompt_file", in: .models, "FILE", help: "A file with the system prompt.",
        parse: ValueParsers.optionalText)
    package static let llmMaxMessages = Setting(
        "llm.max_messages", in: .models, "COUNT", default: "40",
        help: "Maximum messages per request; the newest are kept.",
        parse: ValueParsers.integer(1...1_000))
    package static let llmTokenBudget = Setting(
        "llm.token_budget", in: .models, "COUNT", note: "1,000,000",
        help:
            "Maximum tokens of a request's messages, estimated as a quarter of the characters; the oldest are left out.",
        parse: ValueParsers.optional(ValueParsers.integer(1...100_000_000)))
    package static let llmStream = Setting(
        "llm.stream", in: .models, nil, default: "true", help: "Request streamed answers.",
        parse: ValueParsers.boolean)
    package static let llmFirstTokenTimeout = Setting(
        "llm.first_token_timeout", in: .models, "DURATION", default: "60s",
        help: "Time limit for the first piece of a streamed answer.",
        parse: ValueParsers.duration(.milliseconds(100)...(.seconds(3_600))))
    package static let llmCoalesceDelay = Setting(
        "llm.coalesce_delay", in: .models, "DURATION", default: "50ms",
        help: "Pieces of an answer are joined for this long before they are recorded and published.",
        parse: ValueParsers.duration(.zero...(.seconds(10))))
    package static let llmCoalesceBytes = Setting(
        "llm.coalesce_bytes", in: .models, "SIZE", default: "256", help: "… or until they are this large.",
        parse: ValueParsers.size(1...(64 << 10)))
    package static let llmCAFile = Setting(
        "llm.ca_file", in: .models, "FILE",
        help: "PEM file of additional certificate authorities for providers.",
        parse: ValueParsers.optionalText)
    package static let llmEchoDelay = Setting(
        "llm.echo.delay", in: .models, "DURATION", default: "20ms", help: "Delay between two chunks of the echo.",
        parse: ValueParsers.duration(.zero...(.seconds(60))))
    package static let llmEchoChunkWords = Setting(
        "llm.echo.chunk_words", in: .models, "COUNT", default: "1", help: "Words per chunk of the echo.",
        parse: ValueParsers.integer(1...1_000))
}
