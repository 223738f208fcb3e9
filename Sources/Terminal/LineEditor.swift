import CEditLine
import Glibc

/// Lines typed at a terminal, with cursor keys, history and pastes of several lines, by libedit (editline(3)).
///
/// Not Sendable: the thread that creates it also reads.
package final class LineEditor {
    private static let historySize: CInt = 1_000

    /// Freed before the objects that they point to: `line`, then `history`, then this object.
    private let line: OpaquePointer
    private let history: OpaquePointer?
    private let historyPath: String?
    private let mode: TerminalMode
    private let promptText: UnsafeMutablePointer<wchar_t>
    private var filter = PasteFilter()
    private var waiting: ArraySlice<Unicode.Scalar> = []

    /// - Parameters:
    ///   - historyPath: the file of earlier lines; nil for none.
    ///   - mode: the terminal's mode, to be silenced while nothing is read.
    /// - Returns: nil if libedit cannot be used.
    package init?(prompt: String, historyPath: String?, mode: TerminalMode) {
        // Wide characters can be written only with a UTF-8 locale.
        if setlocale(LC_CTYPE, "") == nil || String(cString: nl_langinfo(CInt(CODESET))) != "UTF-8" {
            setlocale(LC_CTYPE, "C.UTF-8")
        }
        guard let line = convey_el_init() else { return nil }
        self.line = line
        self.mode = mode
        self.historyPath = historyPath
        let scalars = Array(prompt.unicodeScalars)
        promptText = .allocate(capacity: scalars.count + 1)
        for (index, scalar) in scalars.enumerated() { promptText[index] = wchar_t(scalar.value) }
        promptText[scalars.count] = 0
        history = history_winit()
        // The object outlives the handle, which its deinit frees.
        convey_el_prepare(
            line, Unmanaged.passUnretained(self).toOpaque(), { LineEditor.of($0)?.promptText },
            { handle, character in LineEditor.of(handle)?.next(character) ?? -1 })
        el_source(line, nil)
        if let history {
            convey_el_use_history(line, history, Self.historySize)
            if let historyPath { _ = convey_history_load(history, historyPath) }
        }
    }

    deinit {
        el_end(line)
        if let history { history_wend(history) }
        promptText.deallocate()
    }

    private static func of(_ handle: OpaquePointer?) -> LineEditor? {
        handle.flatMap { convey_el_client($0) }.map { Unmanaged<LineEditor>.fromOpaque($0).takeUnretainedValue() }
    }

    /// The next line or paste without its end; nil at the end of input (Ctrl-D). Blocks.
    package func readLine() -> String? {
        var count: CInt = 0
        let typed = el_wgets(line, &count)
        mode.silence()
        guard let typed, count > 0 else { return nil }
        var scalars = String.UnicodeScalarView()
        for index in 0..<Int(count) {
            guard let scalar = Unicode.Scalar(UInt32(bitPattern: typed[index])) else { continue }
            scalars.append(scalar)
        }
        if scalars.last == "\n" { scalars.removeLast() }
        let line = String(scalars)
        remember(line)
        return PasteFilter.text(line)
    }

    private func remember(_ text: String) {
        guard let history, text.contains(where: { !$0.isWhitespace }) else { return }
        let wide = text.unicodeScalars.map { wchar_t($0.value) } + [0]
        _ = convey_history_enter(history, wide)
        guard let historyPath else { return }
        // Readable only by the user. A history that cannot be saved is not worth a message per line.
        let descriptor = open(historyPath, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        if descriptor >= 0 {
            close(descriptor)
            _ = convey_history_save(history, historyPath)
        }
    }

    /// Called by libedit: 1 with a character, 0 at the end, -1 for an error.
    private func next(_ character: UnsafeMutablePointer<wchar_t>?) -> CInt {
        while waiting.isEmpty {
            var byte: UInt8 = 0
            let count = read(STDIN_FILENO, &byte, 1)
            if count < 0, errno == EINTR { continue }
            guard count == 1 else { return CInt(count) }
            waiting = filter.feed(byte)[...]
        }
        character?.pointee = wchar_t(waiting.removeFirst().value)
        return 1
    }
}
