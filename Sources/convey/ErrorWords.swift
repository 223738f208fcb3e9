import Conversation
import JournalPort
import MQTTTransport
import SQLite

/// The text of an error for a person: its message, without the code for programs.
enum ErrorWords {
    static func text(_ error: any Error) -> String {
        switch error {
        case let error as JournalError: error.message
        case let error as SQLiteError: error.message
        case let error as QueryError: error.message
        case let error as MQTTError: error.forPeople
        default: "\(error)"
        }
    }
}
