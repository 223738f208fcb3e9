import ConveySettings
import Foundation

/// The file for lines typed in chats: in the data directory if this user may write there, otherwise in the user's own
/// state directory (XDG Base Directory Specification, `XDG_STATE_HOME`).
enum ChatHistory {
    private static let name = "chat_history"

    /// Nil if there is no place for it.
    static func path(dataDirectory: String?, environment: [String: String] = ProcessInfo.processInfo.environment)
        -> String?
    {
        let manager = FileManager.default
        if let dataDirectory, manager.isWritableFile(atPath: dataDirectory) { return "\(dataDirectory)/\(name)" }
        let state = environment["XDG_STATE_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
        guard let base = state ?? environment["HOME"].map({ "\($0)/.local/state" }) else { return nil }
        let directory = "\(base)/convey"
        do {
            try manager.createDirectory(
                atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            return nil
        }
        return "\(directory)/\(name)"
    }
}
