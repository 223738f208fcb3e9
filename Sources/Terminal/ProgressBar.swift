import Glibc

/// A progress bar on standard error for work that takes more than a second. Only on a terminal, because it is useless
/// in a log.
package struct ProgressBar {
    private static let width = 40
    private static let patience = Duration.seconds(1)
    private static let interval = Duration.milliseconds(100)

    private let isShown: Bool
    private let began = ContinuousClock.now
    private var drawn: ContinuousClock.Instant?

    package init() { isShown = StandardError.isTerminal }

    package mutating func show(done: Int64, of total: Int64) {
        let now = ContinuousClock.now
        guard isShown, total > 0, now - began > Self.patience, drawn.map({ now - $0 > Self.interval }) ?? true else {
            return
        }
        drawn = now
        Channel.error.write("\r\(Self.text(done: done, of: total))")
    }

    /// Removes the bar.
    package func clear() {
        guard drawn != nil else { return }
        Channel.error.write("\r\u{1b}[K")
    }

    static func text(done: Int64, of total: Int64) -> String {
        let share = Double(min(done, total)) / Double(total)
        let filled = Int(share * Double(width))
        let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: width - filled)
        return "[\(bar)] \(Int(share * 100))% \(done) of \(total)"
    }
}
