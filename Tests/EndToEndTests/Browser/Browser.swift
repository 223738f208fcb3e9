import Foundation
import TestSupport

/// A failure that the browser reports (W3C WebDriver, section 6.6).
struct WebDriverError: Error, CustomStringConvertible {
    /// Such as `no such element`.
    let code: String
    let message: String

    var description: String { "\(code): \(message)" }
    /// The page has changed in the meantime.
    var isPassing: Bool { ["no such element", "stale element reference", "element click intercepted"].contains(code) }
}

/// A headless Chromium with a session of its own: no cookies, nothing cached. Speaks WebDriver (https://www.w3.org/TR/webdriver2)
/// with a chromedriver of its own.
///
/// It can reach 127.0.0.1 and nothing else.
final class Browser {
    /// An element of the page.
    struct Element {
        fileprivate let id: String
    }

    struct LogEntry {
        let level: String
        /// `javascript`, `security`, `network`, …
        let source: String
        let message: String
    }

    /// The key of an element's id (WebDriver, section 12.1).
    private static let elementKey = "element-6066-11e4-a52e-4f735466cecf"

    private let driver: ChromeDriver
    private let session: String

    init() throws {
        driver = try ChromeDriver()
        let arguments = [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-breakpad",
            "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run",
            "--force-color-profile=srgb", "--lang=en-US", "--window-size=1280,900",
            // Over a pipe, which ends with chromedriver, and the browser with the pipe.
            "--remote-debugging-pipe", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        ]
        let options: [String: Any] = ["binary": BrowserInstallation.chromium, "args": arguments]
        let wanted: [String: Any] = [
            "browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": ["browser": "ALL"],
            // An alert must stay open, so that a test can see it.
            "unhandledPromptBehavior": "ignore",
        ]
        let answer = try Self.ask(driver.port, "POST", "/session", ["capabilities": ["alwaysMatch": wanted]])
        guard let answer = answer as? [String: Any], let session = answer["sessionId"] as? String else {
            throw TestSupportError("chromedriver made no session: \(answer)")
        }
        self.session = session
    }

    deinit {
        // In order if possible; the driver's end also ends the browser.
        _ = try? Self.ask(driver.port, "DELETE", "/session/\(session)", seconds: 10)
    }

    // MARK: Pages

    func open(_ url: String) throws { _ = try command("POST", "/url", ["url": url]) }

    var url: String { get throws { try command("GET", "/url") as? String ?? "" } }

    func reload() throws { _ = try command("POST", "/refresh", [:]) }

    /// The function's result, as JSON.
    /// - Parameter script: the body of a function; `arguments` has the values that follow.
    func run(_ script: String, _ arguments: Any...) throws -> Any {
        try command("POST", "/execute/sync", ["script": script, "args": arguments])
    }

    func text(_ script: String, _ arguments: Any...) throws -> String {
        try command("POST", "/execute/sync", ["script": script, "args": arguments]) as? String ?? ""
    }

    func texts(_ script: String, _ arguments: Any...) throws -> [String] {
        try command("POST", "/execute/sync", ["script": script, "args": arguments]) as? [String] ?? []
    }

    func number(_ script: String, _ arguments: Any...) throws -> Double {
        let answer = try command("POST", "/execute/sync", ["script": script, "args": arguments])
        return (answer as? NSNumber)?.doubleValue ?? .nan
    }

    func flag(_ script: String, _ arguments: Any...) throws -> Bool {
        let answer = try command("POST", "/execute/sync", ["script": script, "args": arguments])
        return (answer as? NSNumber)?.boolValue ?? false
    }

    // MARK: Elements

    func elements(_ css: String) throws -> [Element] { try find("css selector", css) }

    /// - Throws: `WebDriverError`, `no such element`.
    func element(_ css: String) throws -> Element { try first(elements(css), css) }

    /// The button with this name.
    func button(_ name: String) throws -> Element { try named("button", name) }

    func link(_ name: String) throws -> Element { try named("a", name) }

    func has(button name: String) throws -> Bool { try !find("xpath", Self.path("button", name)).isEmpty }

    func has(link name: String) throws -> Bool { try !find("xpath", Self.path("a", name)).isEmpty }

    /// Clicks as a mouse does: the element must be visible and uncovered.
    func click(_ element: Element) throws { _ = try command("POST", "/element/\(element.id)/click", [:]) }

    func type(_ text: String, into element: Element) throws {
        _ = try command("POST", "/element/\(element.id)/value", ["text": text])
    }

    /// Types into the focused element.
    func type(_ text: String) throws { try type(text, into: read(command("GET", "/element/active"))) }

    func clear(_ element: Element) throws { _ = try command("POST", "/element/\(element.id)/clear", [:]) }

    /// The element's name for assistive technology.
    func accessibleName(_ element: Element) throws -> String {
        try command("GET", "/element/\(element.id)/computedlabel") as? String ?? ""
    }

    private func named(_ tag: String, _ name: String) throws -> Element {
        try first(find("xpath", Self.path(tag, name)), "\(tag) “\(name)”")
    }

    private static func path(_ tag: String, _ name: String) -> String {
        "//\(tag)[normalize-space()='\(name)' or @aria-label='\(name)']"
    }

    private func find(_ strategy: String, _ value: String) throws -> [Element] {
        let found = try command("POST", "/elements", ["using": strategy, "value": value])
        return try (found as? [Any] ?? []).map(read)
    }

    private func first(_ elements: [Element], _ what: String) throws -> Element {
        guard let element = elements.first else {
            throw WebDriverError(code: "no such element", message: "\(what) at \(try url)")
        }
        return element
    }

    private func read(_ value: Any) throws -> Element {
        guard let id = (value as? [String: Any])?[Self.elementKey] as? String else {
            throw TestSupportError("this is no element: \(value)")
        }
        return Element(id: id)
    }

    // MARK: The browser

    /// PNG.
    func screenshot() throws -> Data {
        let text = try command("GET", "/screenshot") as? String ?? ""
        guard let data = Data(base64Encoded: text, options: .ignoreUnknownCharacters), !data.isEmpty else {
            throw TestSupportError("no screenshot")
        }
        return data
    }

    /// A command of the DevTools protocol (https://chromedevtools.github.io/devtools-protocol).
    @discardableResult
    func devTools(_ name: String, _ parameters: [String: Any] = [:]) throws -> Any {
        try command("POST", "/goog/cdp/execute", ["cmd": name, "params": parameters])
    }

    /// The browser's complaints since the last call.
    func takeLog() throws -> [LogEntry] {
        let entries = try command("POST", "/se/log", ["type": "browser"]) as? [[String: Any]] ?? []
        return entries.map { entry in
            LogEntry(
                level: entry["level"] as? String ?? "", source: entry["source"] as? String ?? "",
                message: entry["message"] as? String ?? "")
        }
    }

    /// The text of an open alert; nil without an alert.
    func alert() throws -> String? {
        do {
            return try command("GET", "/alert/text") as? String ?? ""
        } catch let error as WebDriverError where error.code == "no such alert" {
            return nil
        }
    }

    private func command(_ method: String, _ path: String, _ body: [String: Any]? = nil) throws -> Any {
        try Self.ask(driver.port, method, "/session/\(session)\(path)", body)
    }

    /// - Parameter seconds: the time after which a hanging page is reported.
    private static func ask(
        _ port: Int, _ method: String, _ path: String, _ body: [String: Any]? = nil, seconds: Int = 30
    ) throws -> Any {
        let text = try body.map { String(decoding: try JSONSerialization.data(withJSONObject: $0), as: UTF8.self) }
        guard let answer = httpExchange(method, path, body: text, port: port, seconds: seconds) else {
            throw TestSupportError("chromedriver does not answer within \(seconds) s: \(method) \(path)")
        }
        let object = try JSONSerialization.jsonObject(with: Data(answer.body.utf8)) as? [String: Any]
        let value = object?["value"] ?? NSNull()
        guard answer.status == 200 else {
            let error = value as? [String: Any]
            let message = (error?["message"] as? String ?? "").prefix { $0 != "\n" }
            throw WebDriverError(code: error?["error"] as? String ?? "\(answer.status)", message: String(message))
        }
        return value
    }
}

/// Keys that are not characters (WebDriver, section 17.4.2).
enum Key {
    static let tab = "\u{e004}"
    static let enter = "\u{e007}"
    static let space = "\u{e00d}"
    /// Held until the end of the text.
    static let control = "\u{e009}"
}
