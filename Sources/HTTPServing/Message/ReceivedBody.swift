import AnswerMemory
import Foundation

/// A complete body and the memory that is reserved for it.
package struct ReceivedBody: Sendable {
    package let data: Data
    package let room: AnswerRoom?

    package init(data: Data = Data(), room: AnswerRoom? = nil) {
        self.data = data
        self.room = room
    }
}
