/// Carries a call to where the tool is and its result back.
protocol ToolTransport: Sendable {
    /// - Parameter progress: what the tool says of its progress.
    /// - Returns: text, or JSON.
    /// - Throws: `EffectFailure`; `CancellationError`, after the tool was told, when the task is cancelled.
    func call(
        _ request: ToolRequest, progress: @escaping @Sendable (String) async throws -> Void
    ) async throws -> String

    func shutDown() async
}
