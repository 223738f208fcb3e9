import Foundation
import Signals
import Testing

@testable import ConveyHTTP
@testable import HTTPServing

@Suite("The page")
struct PageTests {
    @Test(
        "What comes from outside is text, whatever it looks like",
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

    @Test("Markup in markup stays markup, and nothing stays nothing")
    func nesting() {
        let items: [HTML] = ["<b>\("<1>")</b>", "<i>2</i>"]
        let none: HTML? = nil
        let html: HTML = "<p>\(items)\(none)\(3)</p>"
        #expect(html.text == "<p><b>&lt;1&gt;</b><i>2</i>3</p>")
    }

    @Test("A value that comes back from a form, or that the script needs, is exactly what it was")
    func exactValues() {
        let subject = "a\u{202e}b\"<\r\n'&"
        let html: HTML = "<input value=\"\(exact: subject)\">"
        #expect(Array(html.text.utf8) == Array("<input value=\"a\u{202e}b&quot;&lt;&#13;&#10;&#39;&amp;\">".utf8))
    }

    @Test("A page allows nothing inline and nothing from elsewhere, has nothing of it, and is not kept")
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

    @Test("The page's files come to less than 100 kB, ask nobody else, and are named by what is in them")
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
        "A conversation's name survives its way through an address, whatever it is",
        arguments: ["..", "a/b&c=d", "ü ?#", "%2e"])
    func subjectsInPaths(_ subject: String) throws {
        let path = PagePath.conversation.of(subject, ("as_of", "3"))
        let parts = path.split(separator: "?", maxSplits: 1)
        #expect(parts[0] == "/c")
        let query = try #require(QueryString(String(parts[1])))
        #expect(query[PagePath.subject] == subject)
        #expect(query["as_of"] == "3")
    }

    @Test("An event's data may have line ends, and arrives as one event")
    func serverSentEvents() {
        var bytes: [UInt8] = []
        EventStream.append(id: 7, data: Array("{\r\n\"a\":\n1\r}".utf8), to: &bytes)
        #expect(String(decoding: bytes, as: UTF8.self) == "id: 7\ndata: {\ndata: \"a\":\ndata: 1\ndata: }\n\n")
    }

    /// An entry of a timeline as the query answers it.
    private static func piece(_ offset: Int, _ text: String, kind: String = "delta") throws -> JSONValue {
        try JSONValue(
            Array(
                (#"{"offset":\#(offset),"time":"2026-11-23T00:00:00Z","event_id":"e\#(offset)","kind":"\#(kind)","#
                    + #""role":"assistant","content":"\#(text)","output_id":"o","metadata":{"effect_id":"x"}}"#).utf8))
    }

    @Test("Pieces of an answer are one entry until the whole is there, and its end is told")
    func answers() throws {
        let pieces = try [Self.piece(1, "one "), Self.piece(3, "two ")]
        func html(_ timeline: [JSONValue], _ ends: AnswerEnds) -> String {
            TimelineEntries(subject: "s", timeline: timeline, ends: ends, mayDecide: true).html.map(\.text).joined()
        }
        let running = AnswerEnds(events: [], openEffects: ["x"], wholeLater: [])
        let open = html(pieces, running)
        #expect(open.contains("one two ") && open.contains(#"data-state="open""#))
        let whole = try html(pieces + [Self.piece(5, "one two three", kind: "message")], running)
        #expect(whole.contains("one two three") && whole.components(separatedBy: "<article").count == 2)
        let canceled = try JSONValue(
            Array(#"{"offset":6,"type":"conv.out.assistant.canceled","data":{"output_id":"o","reason":"abort"}}"#.utf8))
        let ended = html(pieces, AnswerEnds(events: [canceled], openEffects: [], wholeLater: []))
        #expect(ended.contains("assistant, canceled (abort)") && ended.contains(#"data-state="canceled""#))
        let reset = try JSONValue(
            Array(#"{"offset":2,"type":"conv.out.assistant.reset","data":{"output_id":"o"}}"#.utf8))
        let again = html(pieces, AnswerEnds(events: [reset], openEffects: ["x"], wholeLater: []))
        #expect(again.contains("two ") && !again.contains("one "))
        // On a page before the one with its end it is marked; another answer's end is not on this page.
        let before = AnswerEnds(events: [canceled], openEffects: [], wholeLater: [], end: 5)
        #expect(html(pieces, before).contains(#"data-state="canceled""#))
        #expect(html([], before).isEmpty)
        // On a page before the one that has the whole.
        #expect(html(pieces, AnswerEnds(events: [], openEffects: [], wholeLater: ["o"])).isEmpty)
    }

    @Test("An answer that is not whole, has no text, or waits is marked so")
    func answersNotWhole() throws {
        func html(_ timeline: [JSONValue], _ ends: AnswerEnds) -> String {
            TimelineEntries(subject: "s", timeline: timeline, ends: ends, mayDecide: true).html.map(\.text).joined()
        }
        let none = AnswerEnds(events: [], openEffects: [], wholeLater: [])
        func whole(_ text: String, _ reason: String) throws -> String {
            let entry =
                #"{"offset":1,"event_id":"e","kind":"message","role":"assistant","content":"\#(text)","output_id":"o","#
                + #""metadata":{"finish_reason":"\#(reason)"}}"#
            return html([try JSONValue(Array(entry.utf8))], none)
        }
        #expect(try whole("half", "length").contains("assistant, may be incomplete (length)"))
        #expect(try whole("", "stop").contains("assistant, no text<"))
        #expect(try whole("all", "stop").contains("<b>assistant<"))

        let waiting = try JSONValue(
            Array(
                #"{"offset":4,"type":"conv.out.assistant.waiting","data":{"output_id":"o","effect_id":"x","message":"busy"}}"#
                    .utf8))
        let waits = AnswerEnds(events: [waiting], openEffects: ["x"], wholeLater: [])
        #expect(html([], waits).contains("assistant, waiting (busy)"))
        #expect(html([try Self.piece(1, "one ")], waits).contains("assistant, waiting (busy)"))
        #expect(!html([try Self.piece(5, "again ")], waits).contains("waiting"))
        #expect(!html([], AnswerEnds(events: [waiting], openEffects: [], wholeLater: [])).contains("waiting"))
    }

    @Test("A tool that asks for approval has buttons while it waits, for who may press them")
    func approval() throws {
        let asked = try JSONValue(
            Array(
                (#"{"offset":2,"id":"a","type":"conv.out.tool.approval_requested","data":{"tool_name":"refund","#
                    + #""effect_id":"tool-1","arguments":"{}"}}"#).utf8))
        func html(_ open: Set<String>, _ mayDecide: Bool) -> String {
            let ends = AnswerEnds(events: [asked], openEffects: open, wholeLater: [])
            return TimelineEntries(subject: "s", timeline: [], ends: ends, mayDecide: mayDecide).html.map(\.text)
                .joined()
        }
        #expect(html(["tool-1"], true).contains(">Allow<"))
        #expect(!html(["tool-1"], false).contains(">Allow<"))
        #expect(!html([], true).contains(">Allow<"))
    }

    @Test("The script gets the markup of entries from the page, and that of decisions only for those who may decide")
    func templates() {
        func html(_ mayDecide: Bool) -> String {
            let none = AnswerEnds(events: [], openEffects: [], wholeLater: [])
            return TimelineEntries(subject: "s", timeline: [], ends: none, mayDecide: mayDecide).templates.text
        }
        let script = String(decoding: PageAssets.script.bytes, as: UTF8.self)
        for id in ["entry-template", "decision-template"] {
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
