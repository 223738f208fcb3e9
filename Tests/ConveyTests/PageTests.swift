import Foundation
import Signals
import Testing

@testable import ConveyHTTP
@testable import HTTPServing

@Suite("The page")
struct PageTests {
    @Test(
        "External content is shown as text, whatever it looks like",
        arguments: [
            ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
            ("\" onclick='x' &amp;", "&quot; onclick=&#39;x&#39; &amp;amp;"),
            ("a\u{0}b\u{1b}[31m\u{7f}", "a\u{2400}b\u{241b}[31m\u{2421}"), ("\u{85}", "\u{fffd}"),
            ("\u{202e}gpj.exe", "[U+202E]gpj.exe"), ("one\ntwo\tthree", "one\ntwo\tthree"),
            ("שלום 👩‍👩‍👧 e\u{301}", "שלום 👩‍👩‍👧 e\u{301}"), ("\r\n", "\u{240d}\n"),
        ])
    func escaping(_ text: String, _ expected: String) {
        let html: HTML = "<p title=\"\(text)\">\(text)</p>"
        #expect(Array(html.text.utf8) == Array("<p title=\"\(expected)\">\(expected)</p>".utf8))
    }

    @Test("Markup inside markup stays markup, and empty stays empty")
    func nesting() {
        let items: [HTML] = ["<b>\("<1>")</b>", "<i>2</i>"]
        let none: HTML? = nil
        let html: HTML = "<p>\(items)\(none)\(3)</p>"
        #expect(html.text == "<p><b>&lt;1&gt;</b><i>2</i>3</p>")
    }

    @Test("A value returned by a form, or used by the script, is unchanged")
    func exactValues() {
        let subject = "a\u{202e}b\"<\r\n'&"
        let html: HTML = "<input value=\"\(exact: subject)\">"
        #expect(Array(html.text.utf8) == Array("<input value=\"a\u{202e}b&quot;&lt;&#13;&#10;&#39;&amp;\">".utf8))
    }

    @Test("A page forbids and has no inline or external resources, and is not cached")
    func policy() async throws {
        let response = PageLayout.response("<title>", "<p>x</p>")
        let policy = try #require(response.headers[HTTPHeader("Content-Security-Policy")])
        #expect(policy.hasPrefix("default-src 'none'; "))
        #expect(!policy.contains("unsafe") && !policy.contains("http") && !policy.contains("*"))
        #expect(response.headers[.cacheControl] == "no-store")
        let text = String(decoding: try await response.bodyData, as: UTF8.self)
        #expect(text.contains("<title>&lt;title&gt; · Convey</title>"))
        #expect(!text.contains("style=") && !text.contains("onclick") && !text.contains("://"))
    }

    @Test("The page's files are under 100 kB in all, load nothing external, and are named by their content")
    func assets() {
        let assets = [PageAssets.stylesheet, PageAssets.script, PageAssets.icon]
        #expect(assets.reduce(0) { $0 + $1.bytes.count } < 60_000)
        for asset in [PageAssets.stylesheet, PageAssets.script] {
            #expect(!String(decoding: asset.bytes, as: UTF8.self).contains("://"))
        }
        #expect(PageAsset("a.css", "text/css", [1]).path != PageAsset("a.css", "text/css", [2]).path)
        let script = String(decoding: PageAssets.script.bytes, as: UTF8.self)
        #expect(!script.contains("innerHTML") && !script.contains("eval("))
    }

    @Test(
        "Any conversation name survives a round trip through a URL",
        arguments: ["..", "a/b&c=d", "ü ?#", "%2e"])
    func subjectsInPaths(_ subject: String) throws {
        let path = PagePath.conversation.of(subject, ("as_of", "3"))
        let parts = path.split(separator: "?", maxSplits: 1)
        #expect(parts[0] == "/c")
        let query = try #require(QueryString(String(parts[1])))
        #expect(query[PagePath.subject] == subject)
        #expect(query["as_of"] == "3")
    }

    @Test("Data with line ends arrives as one event")
    func serverSentEvents() {
        var bytes: [UInt8] = []
        EventStream.append(id: 7, data: Array("{\r\n\"a\":\n1\r}".utf8), to: &bytes)
        #expect(String(decoding: bytes, as: UTF8.self) == "id: 7\ndata: {\ndata: \"a\":\ndata: 1\ndata: }\n\n")
    }

    /// The page of one entry as the query answers it.
    private static func html(_ entry: String, mayDecide: Bool = true) throws -> String {
        let value = try JSONValue(Array("{\"offset\":1,\"time\":\"2026-11-23T00:00:00Z\",\(entry)}".utf8))
        return TimelineEntries(subject: "s", timeline: [value], mayDecide: mayDecide).html.map(\.text).joined()
    }

    private static func answer(_ text: String, _ details: String, finishReason: String = "") throws -> String {
        try html(
            #""event_id":"e","kind":"message","role":"assistant","content":"\#(text)","output_id":"o",\#(details),"#
                + #""metadata":{"finish_reason":"\#(finishReason)"}"#)
    }

    @Test("An answer's entry has its outcome and why")
    func answers() throws {
        let open = try Self.answer("one two ", #""state":"open""#)
        #expect(open.contains("one two ") && open.contains(#"data-state="open""#) && open.contains("<b>assistant<"))
        let ended = try Self.answer("one", #""state":"canceled","reason":"abort""#)
        #expect(ended.contains("assistant, canceled (abort)") && ended.contains(#"data-state="canceled""#))
        #expect(try Self.answer("", #""state":"failed","reason":"auth: no key""#).contains("failed (auth: no key)"))
        #expect(try Self.answer("", #""state":"waiting","reason":"busy""#).contains("assistant, waiting (busy)"))
        #expect(try Self.answer("", #""state":"waiting""#).contains("assistant, waiting<"))
    }

    @Test("An incomplete answer, or one without text, is marked")
    func answersNotWhole() throws {
        func whole(_ text: String, _ reason: String) throws -> String {
            try Self.answer(text, #""state":"completed""#, finishReason: reason)
        }
        #expect(try whole("half", "length").contains("assistant, may be incomplete (length)"))
        #expect(try whole("", "stop").contains("assistant, no text<"))
        #expect(try whole("all", "stop").contains("<b>assistant<"))
        #expect(try whole("all", "stop").contains(#"data-state="""#))
    }

    @Test("A tool that asks for approval has buttons while it waits, for users who may decide")
    func approval() throws {
        func asks(_ state: String, mayDecide: Bool = true) throws -> String {
            try Self.html(
                #""event_id":"a","kind":"approval","role":"tool","name":"refund","state":"\#(state)","#
                    + #""content":"{\"amount\":40}","metadata":{"effect_id":"tool-1"}"#, mayDecide: mayDecide)
        }
        let waiting = try asks("waiting")
        #expect(waiting.contains(">Allow<") && waiting.contains(">Deny<") && waiting.contains(#"value="tool-1""#))
        #expect(waiting.contains("tool refund asks for approval") && waiting.contains("40"))
        #expect(waiting.contains(#"dir="ltr" spellcheck="false">{&quot;amount&quot;:40}</textarea>"#), "\(waiting)")
        #expect(try !asks("waiting", mayDecide: false).contains(">Allow<"))
        #expect(try !asks("decided").contains(">Allow<"))
    }

    @Test("Authorized users can retry a failed answer")
    func retry() throws {
        func failed(mayDecide: Bool) throws -> String {
            try Self.html(
                #""event_id":"a","kind":"message","role":"assistant","state":"failed","content":"","#
                    + #""metadata":{"effect_id":"llm-generation-m"}"#, mayDecide: mayDecide)
        }
        #expect(try failed(mayDecide: true).contains(#"value="llm-generation-m""#))
        #expect(try failed(mayDecide: true).contains(">Try again<"))
        #expect(try !failed(mayDecide: false).contains(">Try again<"))
    }

    @Test("A tool's status has the tool's name")
    func toolNames() throws {
        let status = try Self.html(#""event_id":"t","kind":"status","role":"tool","name":"refund","content":"done""#)
        #expect(status.contains("<b>tool refund<") && status.contains("done"))
    }

    @Test("The script gets the entry markup from the page, and the decision markup only for users who may decide")
    func templates() {
        func html(_ mayDecide: Bool) -> String {
            TimelineEntries(subject: "s", timeline: [], mayDecide: mayDecide).templates.text
        }
        let script = String(decoding: PageAssets.script.bytes, as: UTF8.self)
        for id in ["entry-template", "decision-template", "retry-template"] {
            #expect(html(true).contains("<template id=\"\(id)\">") && script.contains("\"\(id)\""))
        }
        #expect(html(false).contains("entry-template") && !html(false).contains("decision-template"))
    }

    @Test("A form's plus sign is a space, and broken encoding is no form")
    func forms() {
        #expect(QueryString("content=a+b%2Bc&position=1&position=2")?["content"] == "a b+c")
        #expect(QueryString("position=1&position=2")?.values("position") == ["1", "2"])
        #expect(QueryString("a=%ff") == nil)
    }
}
