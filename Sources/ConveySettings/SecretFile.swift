import Foundation
import Glibc

/// Files with keys in them. What is in them stands in no message.
enum SecretFile {
    /// No key is as long; a wrong path may lead to something that is.
    static let sizeLimit = 64 << 10

    enum Content {
        case text(String, isReadableByOthers: Bool)
        /// What is wrong, to stand behind the setting's name.
        case unusable(String)
    }

    static func read(_ path: String) -> Content {
        var status = stat()
        guard stat(path, &status) == 0 else {
            return .unusable("\(path) cannot be read: \(String(cString: strerror(errno)))")
        }
        guard status.st_mode & S_IFMT != S_IFDIR else { return .unusable("\(path) is a directory") }
        guard status.st_size <= sizeLimit else { return .unusable("\(path) is too large to be a file with a key") }
        guard let data = FileManager.default.contents(atPath: path) else {
            return .unusable("\(path) cannot be read: check its owner and permissions")
        }
        guard let text = String(data: data, encoding: .utf8) else { return .unusable("\(path) is no text") }
        return .text(text, isReadableByOthers: status.st_mode & S_IROTH != 0)
    }

    /// The first line, without white space around it; nil where it is empty.
    static func firstLine(_ text: String) -> String? {
        let line = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).first ?? ""
        let trimmed = line.trimmingCharacters(in: .whitespaces)
        return trimmed.isEmpty ? nil : trimmed
    }
}
