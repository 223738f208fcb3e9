import Foundation
import Glibc
import TestSupport

/// A chromedriver on a free port. It and its browsers end with this object, and also when the test process is killed.
final class ChromeDriver {
    let port: Int
    private let directory: URL
    private let process: ChildProcess
    /// Open as long as the browsers may run.
    private let lifeline: Int32

    /// Ends the whole group, browsers included, once nobody has the other end of standard input open. A signal to the
    /// tests' own group, such as Ctrl-C, must not end it earlier.
    private static let guardian = """
        trap : HUP INT TERM
        set -m
        "$0" "$@" </dev/null &
        read -r _
        kill -KILL -- -$!
        """

    init() throws {
        let port = try freePort()
        self.port = port
        directory = FileManager.default.temporaryDirectory.appendingPathComponent("convey-browser-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let pipe = directory.appendingPathComponent("lifeline").path
        guard mkfifo(pipe, 0o600) == 0 else { throw TestSupportError("mkfifo: \(String(cString: strerror(errno)))") }
        // Read access, too: opening for writing alone would wait for the reader.
        lifeline = open(pipe, O_RDWR | O_CLOEXEC)
        guard lifeline >= 0 else { throw TestSupportError("\(pipe): \(String(cString: strerror(errno)))") }
        var environment = ProcessInfo.processInfo.environment
        environment["TMPDIR"] = directory.path
        environment["HOME"] = directory.path
        let log = directory.appendingPathComponent("chromedriver.log").path
        do {
            process = try ChildProcess(
                "/bin/bash", ["-c", Self.guardian, BrowserInstallation.driver, "--port=\(port)"],
                environment: environment, input: pipe, output: log, log: log)
        } catch {
            close(lifeline)
            throw error
        }
        try waitUntil("chromedriver answers; it has to be installed: scripts/install-browser.sh", seconds: 20) {
            httpGet("/status", port: port)?.status == 200
        }
    }

    deinit {
        close(lifeline)
        // What remains then is only temporary files.
        try? waitUntil("chromedriver ends") { process.ended != nil }
        try? FileManager.default.removeItem(at: directory)
    }
}
