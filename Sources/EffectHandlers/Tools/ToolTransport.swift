/// Sends a call to its tool and returns the result.
protocol ToolTransport: Sendable {
    /// - Parameter progress: receives the tool's progress messages.
    /// - Returns: text, or JSON.
    /// - Throws: `EffectFailure`, or `ToolFailure` where its message has words of the tool; `CancellationError`, after the tool was told, when the task is cancelled.
    func call(
        _ request: ToolRequest, progress: @escaping @Sendable (String) async throws -> Void
    ) async throws -> String

    func shutDown() async
}
