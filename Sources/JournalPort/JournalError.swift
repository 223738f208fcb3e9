/// An error of a journal.
public struct JournalError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: String, Sendable {
        case cannotOpen = "cannot_open"
        case inUse = "in_use"
        case newerVersion = "newer_version"
        /// The file, or data that all conversations share, is damaged: nothing in it can be trusted.
        case corrupt
        /// The records of one conversation cannot be read or are inconsistent. The file is sound.
        case damaged
        case diskFull = "disk_full"
        case busy
        case inputOutput = "input_output"
        /// fsync failed: the page cache can no longer be trusted, so the process must end.
        case syncFailed = "sync_failed"
        /// Another node owns the shard or has taken it over: what this process still holds of it is invalid.
        case ownedElsewhere = "owned_elsewhere"
        /// The journal's files are not where they were opened: they were removed, moved or replaced. They may come
        /// back.
        case displaced
    }

    public var code: Code
    public var message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// Whether the same write may succeed later in this process.
    public var isRetriable: Bool {
        switch code {
        case .diskFull, .busy, .inputOutput, .displaced: true
        case .cannotOpen, .inUse, .newerVersion, .corrupt, .damaged, .syncFailed, .ownedElsewhere: false
        }
    }

    public var description: String { "\(code.rawValue): \(message)" }
}
