import Foundation
import Glibc

/// Files with keys in them. Messages never contain their content.
enum SecretFile {
    /// Larger than any key; guards against a wrong path.
    static let sizeLimit = 64 << 10

    enum Content {
        case text(String, isReadableByOthers: Bool)
        /// The problem, worded to follow the setting's name.
        case unusable(String)
    }

    static func read(_ path: String) -> Content {
        var status = stat()
        guard stat(path, &status) == 0 else {
            return .unusable("\(path) cannot be read: \(String(cString: strerror(errno)))")
        }
        guard status.st_mode & S_IFMT != S_IFDIR else { return .unusable("\(path) is a directory") }
        guard status.st_size <= sizeLimit else { return .unusable("\(path) is too large for a key file") }
        guard let data = FileManager.default.contents(atPath: path) else {
            return .unusable("\(path) cannot be read: check its owner and permissions")
        }
        guard let text = String(data: data, encoding: .utf8) else { return .unusable("\(path) is not text") }
        return .text(text, isReadableByOthers: status.st_mode & S_IROTH != 0)
    }

    /// The first line, without surrounding white space; nil if it is empty.
    static func firstLine(_ text: String) -> String? {
        let line = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).first ?? ""
        let trimmed = line.trimmingCharacters(in: .whitespaces)
        return trimmed.isEmpty ? nil : trimmed
    }
}
