import Foundation
import Glibc
import Testing

/// The browser of this machine: Debian's packages `chromium` and `chromium-driver`, which scripts/install-browser.sh installs.
enum BrowserInstallation {
    static let chromium = "/usr/bin/chromium"
    static let driver = "/usr/bin/chromedriver"

    /// If the tests are required, a missing browser is a failure.
    private static var isRequired: Bool {
        let environment = ProcessInfo.processInfo.environment
        return environment["CONVEY_REQUIRE_BROWSER"] == "1"
    }

    private static let isPresent = [chromium, driver].allSatisfy(FileManager.default.isExecutableFile(atPath:))

    /// Whether to run the tests. If they are skipped, the last lines of the test run say so.
    static let isToBeTested: Bool = {
        if isPresent || isRequired { return true }
        atexit {
            let words =
                "\nBROWSER TESTS SKIPPED: chromium or chromedriver is missing. scripts/install-browser.sh says why.\n"
            FileHandle.standardError.write(Data(words.utf8))
        }
        return false
    }()
}

extension Trait where Self == ConditionTrait {
    /// Requires a browser.
    static var browser: Self {
        .enabled(
            if: BrowserInstallation.isToBeTested,
            "BROWSER TESTS SKIPPED: chromium or chromedriver is missing. scripts/install-browser.sh says why.")
    }
}
