import Foundation
import Glibc

/// A bar on standard error for work that takes more than a second. Only on a terminal: a log has no use for it.
struct ProgressBar {
    private static let width = 40
    private static let patience = Duration.seconds(1)
    private static let interval = Duration.milliseconds(100)

    private let isShown: Bool
    private let began = ContinuousClock.now
    private var drawn: ContinuousClock.Instant?

    init(isShown: Bool = isatty(STDERR_FILENO) == 1) {
        self.isShown = isShown
    }

    mutating func show(done: Int64, of total: Int64) {
        let now = ContinuousClock.now
        guard isShown, total > 0, now - began > Self.patience, drawn.map({ now - $0 > Self.interval }) ?? true else {
            return
        }
        drawn = now
        let text = Self.text(done: done, of: total)
        FileHandle.standardError.write(Data("\r\(text)".utf8))
    }

    /// Takes the bar away.
    func clear() {
        guard drawn != nil else { return }
        FileHandle.standardError.write(Data("\r\u{1b}[K".utf8))
    }

    static func text(done: Int64, of total: Int64) -> String {
        let share = Double(min(done, total)) / Double(total)
        let filled = Int(share * Double(width))
        let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: width - filled)
        return "[\(bar)] \(Int(share * 100))% \(done) of \(total)"
    }
}
