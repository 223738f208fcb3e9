import Glibc

/// The name of the machine.
enum HostName {
    /// The host's name up to its first dot, without characters that a topic level may not have; `node` if it has none.
    static var current: String {
        var buffer = [UInt8](repeating: 0, count: 256)
        let isKnown = buffer.withUnsafeMutableBytes { bytes in
            bytes.withMemoryRebound(to: CChar.self) { chars in
                chars.baseAddress.map { gethostname($0, chars.count) == 0 } ?? false
            }
        }
        guard isKnown else { return "node" }
        let name = String(decoding: buffer.prefix { $0 != 0 && $0 != UInt8(ascii: ".") }, as: UTF8.self)
        let allowed = name.filter { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") }
        return allowed.isEmpty ? "node" : String(allowed.prefix(48))
    }
}
