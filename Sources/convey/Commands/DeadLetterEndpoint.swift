import JournalPort

/// Lists and changes dead letters. Answers are the same JSON as over HTTP; failures end the command.
protocol DeadLetterEndpoint {
    /// - Parameter after: a position; nil for the first page.
    func list(_ selection: DeadLetterSelection, after: String?, limit: Int) async throws -> String
    func show(_ position: String) async throws -> String
    func move(_ action: DeadLetterMove.Action, _ positions: [String]) async throws -> String
}
