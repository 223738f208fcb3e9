import Foundation
import Signals
import TestSupport
import Testing

/// The page of a service, as a person uses it in a browser.
final class Screen {
    /// An entry of the timeline as shown.
    struct Entry: Equatable {
        /// `user`, `assistant`, `tool`.
        let role: String
        /// The text.
        let text: String
        /// All text in the entry.
        let words: String
        /// The signal named by its link to the trace.
        let signal: String
    }

    /// A step of a trace.
    struct Step {
        let words: String
        let isCurrent: Bool
    }

    let browser: Browser
    private let origin: String
    /// Network errors that the test causes, such as answers with status 401.
    private let allowsFailedRequests: Bool

    init(_ browser: Browser, port: Int, allowsFailedRequests: Bool) {
        self.browser = browser
        origin = "http://127.0.0.1:\(port)"
        self.allowsFailedRequests = allowsFailedRequests
    }

    // MARK: Navigation

    /// - Parameter path: path and query string.
    func open(_ path: String) throws {
        try expectOnlyOwnRequests()
        try browser.open(origin + path)
    }

    static func path(of subject: String, _ page: String = "/c", _ more: String = "") -> String {
        "\(page)?s=\(TopicName.encode(level: subject))\(more)"
    }

    /// Opens a conversation and waits until events arrive.
    func openLive(_ subject: String) async throws {
        try open(Self.path(of: subject))
        try await waitUntilLive()
    }

    func waitUntilLive(seconds: Double = 20) async throws {
        try await eventually("the page is live, says: \((try? connection) ?? "")", seconds: seconds) {
            try connection.contains(PageParts.live)
        }
    }

    /// Path and query string of the page shown.
    var place: String { get throws { String(try browser.url.dropFirst(origin.count)) } }

    /// Presses a button or link; waits until it appears.
    func press(_ find: () throws -> Browser.Element) async throws {
        try await eventually("something to press") {
            do {
                try browser.click(find())
                return true
            } catch let error as WebDriverError where error.isPassing {
                return false
            }
        }
    }

    // MARK: A conversation

    var connection: String {
        get throws { try browser.text(Self.wordsOf, PageParts.connection) }
    }

    /// All text of the page.
    var words: String { get throws { try browser.text("return document.body.innerText") } }

    private static let wordsOf = "return document.querySelector(arguments[0])?.innerText ?? ''"

    /// The timeline, oldest first.
    func entries() throws -> [Entry] {
        let answer = try browser.run(
            """
            return [...document.querySelectorAll(arguments[0])].map(entry => [
              entry.dataset.role, entry.querySelector(arguments[1])?.textContent ?? '', entry.innerText,
              new URL(entry.querySelector(arguments[2])?.href ?? location.href).searchParams.get('id') ?? '']);
            """, PageParts.entry, PageParts.text, PageParts.traceLink)
        return (answer as? [[String]] ?? []).map {
            Entry(role: $0[0], text: $0[1], words: $0[2], signal: $0[3])
        }
    }

    /// The newest text of the assistant; empty without one.
    func lastAnswer() throws -> String { try entries().last { $0.role == "assistant" }?.text ?? "" }

    func waitUntilAnswered(_ text: String, seconds: Double = 20) async throws {
        try await eventually("the answer “\(text.prefix(60))”; shown: \(shown)", seconds: seconds) {
            try lastAnswer() == text
        }
    }

    /// For failure messages.
    var shown: String {
        guard let entries = try? entries() else { return "nothing that can be read" }
        return entries.map { "\($0.role): \($0.words.prefix(80)) (\($0.text.count))" }.joined(separator: " | ")
    }

    /// Types a message and presses the button.
    func say(_ text: String) throws {
        try browser.type(text, into: browser.element(PageParts.message))
        try browser.click(browser.button(PageParts.send))
    }

    /// Puts a message in the box that nobody would type, and presses the button.
    func paste(_ text: String) throws {
        _ = try browser.run(
            """
            const box = document.querySelector(arguments[0]);
            box.value = arguments[1];
            box.dispatchEvent(new Event('input', { bubbles: true }));
            """, PageParts.message, text)
        try browser.click(browser.button(PageParts.send))
    }

    /// Presses Tab until the element has the focus.
    func tab(to css: String) throws {
        for _ in 0..<60 {
            if try browser.flag("return document.activeElement?.matches(arguments[0]) ?? false", css) { return }
            try browser.type(Key.tab)
        }
        throw TestSupportError("Tab does not lead to \(css)")
    }

    func rewind(to offset: Int) async throws {
        let field = try browser.element(PageParts.asOf)
        try browser.clear(field)
        try browser.type("\(offset)", into: field)
        try await press { try browser.button(PageParts.rewind) }
        try await eventually("the page of the past") {
            URLComponents(string: try place)?.queryItems?.contains { $0.name == "as_of" && $0.value == "\(offset)" }
                == true
        }
    }

    // MARK: Traces

    func followTrace(ofLast role: String) async throws {
        let isThere = try browser.flag(
            """
            const entry = [...document.querySelectorAll(arguments[0])].filter(e => e.dataset.role === arguments[2]).pop();
            const link = entry?.querySelector(arguments[1]);
            link?.scrollIntoView({ block: 'center' });
            link?.click();
            return Boolean(link);
            """, PageParts.entry, PageParts.traceLink, role)
        guard isThere else { throw TestSupportError("no entry of \(role) with a link to its trace") }
        try await eventually("the trace") { try !steps().isEmpty }
    }

    /// Presses the last entry's link to its trace with the mouse.
    func followTraceWithoutScripts() async throws {
        guard let link = try browser.elements("\(PageParts.entry) \(PageParts.traceLink)").last else {
            throw TestSupportError("no link to a trace")
        }
        try browser.click(link)
        try await eventually("the trace") { try !steps().isEmpty }
    }

    func steps() throws -> [Step] {
        let answer = try browser.run(
            """
            return [...document.querySelectorAll(arguments[0])].map(step => [
              step.innerText, step.matches('[aria-current]') || step.querySelector('[aria-current]') ? 'current' : '']);
            """, PageParts.step)
        return (answer as? [[String]] ?? []).map { Step(words: $0[0], isCurrent: !$0[1].isEmpty) }
    }

    // MARK: Lists

    func search(_ text: String) async throws {
        let field = try browser.element(PageParts.search)
        try browser.clear(field)
        try browser.type(text, into: field)
        try await press { try browser.button(PageParts.searchButton) }
        try await eventually("the page of what was found") {
            try place.contains("=\(TopicName.encode(level: text))")
        }
    }

    /// The conversations listed.
    func listed() throws -> [String] {
        try browser.texts(
            "return [...document.querySelectorAll(arguments[0])].map(link => link.innerText.trim())",
            PageParts.conversationLink)
    }

    /// Ticks the box of the dead letter whose row contains this text.
    func choose(letterWith words: String) throws {
        let index = try browser.number(
            """
            return [...document.querySelectorAll(arguments[0])]
              .findIndex(box => box.closest('tr, li, article').innerText.includes(arguments[1]));
            """, PageParts.letter, words)
        guard index >= 0 else { throw TestSupportError("no dead letter has \(words)") }
        try browser.click(browser.elements(PageParts.letter)[Int(index)])
    }

    // MARK: Rules for all pages

    /// Everything that the page loaded came from the service.
    func expectOnlyOwnRequests(_ location: SourceLocation = #_sourceLocation) throws {
        let urls = try browser.texts(
            """
            return performance.getEntriesByType('resource').concat(performance.getEntriesByType('navigation'))
              .map(entry => entry.name).filter(name => name.startsWith('http'));
            """)
        let foreign = urls.filter { !$0.hasPrefix(origin + "/") }
        #expect(foreign.isEmpty, "requests to others", sourceLocation: location)
    }

    /// No script has failed, and nothing has violated the page's policy.
    func expectNoComplaints(_ location: SourceLocation = #_sourceLocation) throws {
        let complaints = try browser.takeLog().filter { entry in
            entry.level != "INFO" && entry.level != "DEBUG" && !(allowsFailedRequests && entry.source == "network")
        }
        #expect(complaints.map(\.message) == [], sourceLocation: location)
        #expect(try browser.alert() == nil, sourceLocation: location)
    }

    /// No content runs or loads, and everything fits the window.
    func expectHarmless(_ location: SourceLocation = #_sourceLocation) throws {
        let place = try place
        #expect(try browser.alert() == nil, "\(place)", sourceLocation: location)
        let harm = try browser.texts(PageChecks.harm)
        #expect(harm == [], "\(place)", sourceLocation: location)
        let overflow = try browser.texts(PageChecks.overflow)
        #expect(overflow == [], "\(place)", sourceLocation: location)
    }

    // MARK: User and device

    enum Device: String, CaseIterable {
        case phone, desktop
    }

    enum Scheme: String, CaseIterable {
        case light, dark
    }

    func emulate(_ device: Device, _ scheme: Scheme = .light) throws {
        let size = device == .phone ? (width: 390, height: 844) : (width: 1_280, height: 900)
        try browser.devTools(
            "Emulation.setDeviceMetricsOverride",
            [
                "width": size.width, "height": size.height, "deviceScaleFactor": 1, "mobile": device == .phone,
            ])
        try browser.devTools(
            "Emulation.setEmulatedMedia", ["features": [["name": "prefers-color-scheme", "value": scheme.rawValue]]])
    }

    /// Pages loaded from now on run no scripts.
    func disableScripts() throws { try browser.devTools("Emulation.setScriptExecutionDisabled", ["value": true]) }

    /// Writes a screenshot to `NAME.png` in `.build/screenshots`, or in the directory `CONVEY_SCREENSHOTS`.
    func photograph(_ name: String) throws {
        let directory =
            ProcessInfo.processInfo.environment["CONVEY_SCREENSHOTS"].map { URL(fileURLWithPath: $0) }
            ?? PythonEnvironment.repository.appendingPathComponent(".build/screenshots")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        try browser.screenshot().write(to: directory.appendingPathComponent("\(name).png"))
    }
}

/// Opens a browser for a service, and checks at the end that it has no complaints.
///
/// - Parameter allowsFailedRequests: for tests that cause failing requests.
func browse(
    _ deployment: Deployment, allowsFailedRequests: Bool = false, isolation: isolated (any Actor)? = #isolation,
    location: SourceLocation = #_sourceLocation, _ body: (Screen) async throws -> Void
) async throws {
    let screen = Screen(try Browser(), port: deployment.httpPort, allowsFailedRequests: allowsFailedRequests)
    do {
        try await body(screen)
    } catch {
        // A screenshot of the failure; a browser that is gone shows nothing.
        try? screen.photograph("failed-\(UUID().uuidString.prefix(8))")
        throw error
    }
    try screen.expectOnlyOwnRequests(location)
    try screen.expectNoComplaints(location)
}
