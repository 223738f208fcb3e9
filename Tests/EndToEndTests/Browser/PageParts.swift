/// How the parts of the page are found. The one place to change when its markup does.
enum PageParts {
    // The page of a conversation.
    static let timeline = "#timeline"
    static let entry = "#timeline .entry"
    /// In an entry: what was said.
    static let text = ".text"
    /// In an entry: the way to what led to it.
    static let traceLink = "a.trace"
    static let connection = "#connection"
    static let message = "#content"
    static let asOf = "#as_of"

    // What led to a signal.
    static let step = "ol.trace > li"

    // All conversations.
    static let search = "input[type=search]"
    static let conversationLink = "ul.rows li a"

    // Dead letters.
    static let letter = "input[type=checkbox][name=position]"

    /// Why a signal whose cause did not come is one.
    static let causeTimeout = "its cause did not arrive in time"

    // Signing in.
    static let token = "input[type=password]"

    // Names that a reader sees on buttons and links.
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

    /// What `#connection` says while events come in.
    static let live = "Live"
    /// What is said to who may not send, or has no token that is known.
    static let refusal = "(?i)not sent|may not|not allowed|refused|forbidden|scope|needs"
}
