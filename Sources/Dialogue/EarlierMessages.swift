import ConveyClient
import Terminal

/// The earlier messages of a conversation, for a user who opens it again.
package enum EarlierMessages {
    /// Maximum number of entries shown.
    package static let limit = 20

    /// The messages and answers of a page of the view `timeline`.
    package static func lines(_ page: ConveyClient.Page) -> [StyledText] {
        page.elements.compactMap { entry in
            guard entry["kind"]?.string == "message", let text = entry["content"]?.string, !text.isEmpty else {
                return nil
            }
            return StyledText(entry["role"]?.string == "user" ? ChatMachine.prompt + text : text, .dim)
        }
    }
}
