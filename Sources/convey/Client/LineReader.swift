import Foundation

/// Reads standard input line by line, one each time it is asked. A thread, because reading a terminal blocks; it is
/// abandoned when the command ends.
final class LineReader: Sendable {
    private let wanted = DispatchSemaphore(value: 0)

    /// - Parameter onLine: called with each line, and with nil at the end of input.
    init(onLine: @escaping @Sendable (String?) -> Void) {
        let thread = Thread { [wanted] in
            while true {
                wanted.wait()
                onLine(readLine())
            }
        }
        thread.name = "stdin"
        thread.start()
    }

    func readOne() { wanted.signal() }
}
