import Conversation

/// Small pieces that several pages show alike.
enum PageText {
    /// A time as the answers have it, for a person; the script shows it in the reader's own zone.
    static func time(_ value: JSONValue?) -> HTML {
        let text = value?.string ?? ""
        let readable = String(text.prefix(19)).replacing("T", with: " ")
        return #"<time datetime="\#(text)">\#(readable)</time>"#
    }

    /// A text as it is, anything else as JSON.
    static func words(_ value: JSONValue?) -> String {
        switch value {
        case nil, .null?: ""
        case .string(let text)?: text
        case .bool?, .integer?, .fraction?, .array?, .object?:
            value.map { String(decoding: $0.encode(), as: UTF8.self) } ?? ""
        }
    }

    /// A number given in a query string or form, for showing it again; nil where it is none.
    static func offset(_ text: String?) -> Int64? {
        text.flatMap { Int64($0) }.flatMap { $0 >= 0 ? $0 : nil }
    }

    /// A heading over the pages of one conversation, with links to the others.
    static func heading(_ subject: String, here: PagePath, asOf: String?) -> HTML {
        let time = asOf.map { [("as_of", $0)] } ?? []
        let tabs: [HTML] = [
            (PagePath.conversation, "Timeline"), (.state, "State and effects"), (.events, "Events"),
        ].map { path, name in
            let current: HTML = path == here ? #" aria-current="page""# : ""
            return #"<a href="\#(path.with([(PagePath.subject, subject)] + time))"\#(current)>\#(name)</a> "#
        }
        return """
            <h1><bdi>\(subject)</bdi></h1>
            <nav class="tabs" aria-label="Conversation">\(tabs)</nav>

            """
    }

    /// A form that shows the same page as of an offset.
    static func rewind(_ subject: String, here: PagePath, asOf: String?, newest: Int) -> HTML {
        let live: HTML? = asOf == nil ? nil : #" <a href="\#(here.of(subject))">Now</a>"#
        return """
            <form class="line" action="\(here.rawValue)" method="get">
            <input type="hidden" name="\(PagePath.subject)" value="\(subject)">
            <label for="as_of">As of offset</label>
            <input id="as_of" name="as_of" type="number" min="1" value="\(asOf ?? String(newest))" required>
            <button>Rewind</button>\(live)
            </form>

            """
    }
}
