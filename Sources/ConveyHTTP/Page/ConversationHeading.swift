/// The heading of a conversation's pages: its name, its views, and the form for earlier times.
struct ConversationHeading {
    let subject: String
    let here: PagePath
    /// The offset whose state the page shows; nil for the newest.
    let asOf: Int64?
    /// The newest offset, or `asOf`.
    let offset: Int
    /// Why the conversation is set aside; nil if it is not.
    var setAside: String?
    /// The next offset at which the page changes, if there is one.
    var later: Int64?
    /// The last offset before the newest entry.
    var earlier: Int64?

    var html: HTML { "\(title)\(rewind)" }

    /// Without the form for earlier times.
    var title: HTML {
        let tabs: [HTML] = [
            (PagePath.conversation, "Timeline"), (.state, "State and effects"), (.events, "Events"),
        ].map { path, name in
            let current: HTML = path == here ? #" aria-current="page""# : ""
            return #"<a href="\#(path.of(subject, PagePath.time(asOf)))"\#(current)>\#(name)</a> "#
        }
        let notice = setAside.map { reason -> HTML in
            """
            <p class="problem" role="status">This conversation is set aside: its recorded signals wait. \(reason)</p>

            """
        }
        return """
            <div class="heading"><h1><bdi>\(subject)</bdi></h1>
            <nav class="tabs" aria-label="Conversation">\(tabs)</nav></div>
            \(notice)
            """
    }

    /// A form that shows the same page as of an offset.
    private var rewind: HTML {
        let words: HTML? = asOf.map { #"<p class="past" role="status">As it was at record \#($0).</p>"# }
        let now: HTML? = asOf == nil ? nil : link(nil, "Now", "")
        return """
            <form class="line rewind" action="\(here.rawValue)" method="get">
            \(words)
            <input type="hidden" name="\(PagePath.subject)" value="\(exact: subject)">
            <label for="as_of">As of record</label>
            <input id="as_of" name="as_of" type="number" min="1" value="\(max(1, offset))" required>
            <button>Rewind</button>
            \(earlier.map { link($0, "Earlier", "prev") })\(later.map { link($0, "Later", "next") })\(now)
            </form>

            """
    }

    private func link(_ offset: Int64?, _ name: HTML, _ relation: String) -> HTML {
        return #"<a class="step" rel="\#(relation)" href="\#(here.of(subject, PagePath.time(offset)))">\#(name)</a> "#
    }
}
