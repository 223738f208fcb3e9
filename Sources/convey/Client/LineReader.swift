import Foundation
import Terminal

/// Reads standard input line by line, one line per request. It uses a thread, because reading a terminal blocks; the
/// thread is abandoned when the command ends.
final class LineReader: Sendable {
    private let wanted = DispatchSemaphore(value: 0)

    /// - Parameters:
    ///   - prompt: written before each line; empty for none.
    ///   - makeEditor: called on the reading thread; returns nil if lines cannot be edited.
    ///   - onLine: called with each line, and with nil at the end of input.
    init(
        prompt: String, makeEditor: @escaping @Sendable () -> LineEditor?, onLine: @escaping @Sendable (String?) -> Void
    ) {
        let thread = Thread { [wanted] in
            let editor = makeEditor()
            while true {
                wanted.wait()
                if let editor {
                    onLine(editor.readLine())
                } else {
                    StandardOutput.write(prompt)
                    onLine(readLine())
                }
            }
        }
        thread.name = "stdin"
        thread.start()
    }

    func readOne() { wanted.signal() }
}
