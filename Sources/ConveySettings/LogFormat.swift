package enum LogFormat: String, Sendable, CaseIterable {
    case text, json
}
