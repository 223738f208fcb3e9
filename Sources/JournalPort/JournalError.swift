/// What can go wrong with a journal.
public struct JournalError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: String, Sendable {
        case cannotOpen = "cannot_open"
        case inUse = "in_use"
        case newerVersion = "newer_version"
        /// The file, or what all conversations share in it, is damaged: nothing in it can be trusted.
        case corrupt
        /// What is recorded of one conversation cannot be read or does not agree with itself. The file is sound.
        case damaged
        case diskFull = "disk_full"
        case busy
        case inputOutput = "input_output"
        /// fsync failed: what is in the page cache cannot be trusted any more, so the process must end.
        case syncFailed = "sync_failed"
        /// Another node owns the shard, or has taken it over: nothing that this process still holds of it counts.
        case ownedElsewhere = "owned_elsewhere"
        /// The journal's files are not where they were opened: somebody has removed, moved or replaced them. They may come back.
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
