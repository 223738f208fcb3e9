/// Converts a terminal's input into characters for the line editor, and a paste of several lines into one line.
///
/// On request, terminals enclose a paste in `ESC [ 200 ~` and `ESC [ 201 ~` (xterm's bracketed paste). Inside it, line
/// ends and tabs become visible stand-ins, so that the editor neither ends the line nor executes pasted keys.
struct PasteFilter {
    static let lineEnd: Unicode.Scalar = "⏎"
    static let tab: Unicode.Scalar = "␉"

    private static let begin = Array("\u{1b}[200~".utf8)
    private static let end = Array("\u{1b}[201~".utf8)
    private static let carriageReturn = UInt8(ascii: "\r")
    private static let lineFeed = UInt8(ascii: "\n")

    private var isPasting = false
    private var lastWasReturn = false
    /// The beginning of a possible mark, held until it is complete or ruled out.
    private var held: [UInt8] = []
    /// The bytes of an incomplete character.
    private var partial: [UInt8] = []

    /// The characters that the byte completes.
    mutating func feed(_ byte: UInt8) -> [Unicode.Scalar] {
        let mark = isPasting ? Self.end : Self.begin
        held.append(byte)
        if held == mark {
            held = []
            isPasting.toggle()
            lastWasReturn = false
            return []
        }
        if mark.starts(with: held) { return [] }
        // The last byte may itself begin a mark.
        let isNext = held.count > 1 && byte == mark[0]
        let bytes = isNext ? held.dropLast() : held[...]
        let characters = bytes.flatMap { decode($0) }
        held = isNext ? [byte] : []
        return characters
    }

    private mutating func decode(_ byte: UInt8) -> [Unicode.Scalar] {
        if isPasting, byte < 0x20 || byte == 0x7f { return pasted(control: byte) }
        lastWasReturn = false
        if byte < 0x80 {
            partial = []
            return [Unicode.Scalar(byte)]
        }
        partial.append(byte)
        if let text = String(validating: partial, as: UTF8.self) {
            partial = []
            return Array(text.unicodeScalars)
        }
        if partial.count >= 4 {
            partial = []
            return ["\u{fffd}"]
        }
        return []
    }

    private mutating func pasted(control byte: UInt8) -> [Unicode.Scalar] {
        defer { lastWasReturn = byte == Self.carriageReturn }
        switch byte {
        case Self.carriageReturn: return [Self.lineEnd]
        case Self.lineFeed: return lastWasReturn ? [] : [Self.lineEnd]
        case 0x09: return [Self.tab]
        default: return [PrintableText.substitute]
        }
    }

    /// The line as it was pasted.
    static func text(_ line: String) -> String {
        var scalars = String.UnicodeScalarView()
        for scalar in line.unicodeScalars { scalars.append(scalar == lineEnd ? "\n" : scalar == tab ? "\t" : scalar) }
        return String(scalars)
    }

    /// The text as a line for the history.
    static func line(_ text: String) -> String {
        var scalars = String.UnicodeScalarView()
        for scalar in text.unicodeScalars { scalars.append(scalar == "\n" ? lineEnd : scalar == "\t" ? tab : scalar) }
        return String(scalars)
    }
}
