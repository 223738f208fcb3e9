import Foundation

/// Writes to standard error everything that is not the command's answer.
enum StandardError {
    static func print(_ text: String) {
        FileHandle.standardError.write(Data((text + "\n").utf8))
    }
}
