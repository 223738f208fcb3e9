/// Sends a call to its tool and returns the result.
protocol ToolTransport: Sendable {
    /// - Parameter progress: receives the tool's progress messages.
    /// - Returns: text, or JSON.
    /// - Throws: `EffectFailure`, or `ToolFailure` if its message contains the tool's own text; `CancellationError` if
    ///   the task is cancelled, after the tool was notified.
    func call(
        _ request: ToolRequest, progress: @escaping @Sendable (String) async throws -> Void
    ) async throws -> String

    func shutDown() async
}
