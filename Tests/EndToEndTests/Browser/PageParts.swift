/// The selectors of the page's parts, in one place for changes of its markup.
enum PageParts {
    // The page of a conversation.
    static let timeline = "#timeline"
    static let entry = "#timeline .entry"
    /// In an entry: the text.
    static let text = ".text"
    /// In an entry: the link to its trace.
    static let traceLink = "a.trace"
    static let connection = "#connection"
    static let message = "#content"
    static let asOf = "#as_of"

    // The trace of a signal.
    static let step = "ol.trace > li"

    // The list of conversations.
    static let search = "input[type=search]"
    static let conversationLink = "ul.rows li a"

    // Dead letters.
    static let letter = "input[type=checkbox][name=position]"

    /// The reason shown for a dead letter whose cause did not come.
    static let causeTimeout = "its cause did not arrive in time"

    // Signing in.
    static let token = "input[type=password]"

    // Visible names of buttons and links.
    static let send = "Send"
    static let abort = "Abort"
    static let rewind = "Rewind"
    static let now = "Now"
    static let searchButton = "Search"
    static let more = "More"
    static let redrive = "Re-drive"
    static let discard = "Discard"
    static let cancel = "Cancel"
    static let allow = "Allow"
    static let deny = "Deny"
    static let signIn = "Sign in"
    static let signOut = "Sign out"

    /// The text of `#connection` while events arrive.
    static let live = "Live"
    /// The text for users who may not send, or without a known token.
    static let refusal = "(?i)not sent|may not|not allowed|refused|forbidden|scope|needs"
}
