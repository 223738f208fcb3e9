import Synchronization

/// Passes on which tools' workers are there. Names that the settings do not know are dropped: anybody may publish them.
final class ToolPresence: Sendable {
    private struct State {
        var online: Set<String> = []
        var observer: (@Sendable (String) -> Void)?
    }

    private let tools: Set<String>
    private let state = Mutex(State())

    init(tools: Set<String>) {
        self.tools = tools
    }

    func isOnline(_ tool: String) {
        guard tools.contains(tool) else { return }
        let observer = state.withLock { state in
            state.online.insert(tool)
            return state.observer
        }
        observer?(tool)
    }

    func observe(_ body: @escaping @Sendable (String) -> Void) {
        let known = state.withLock { state in
            state.observer = body
            return state.online
        }
        for tool in known { body(tool) }
    }
}
