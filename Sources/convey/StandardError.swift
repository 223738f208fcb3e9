import Foundation

/// Writing to standard error, where everything goes that is not the command's answer.
enum StandardError {
    static func print(_ text: String) {
        FileHandle.standardError.write(Data((text + "\n").utf8))
    }
}
