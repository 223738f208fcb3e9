import HTTPServing
import Testing

@testable import convey
@testable import ConveySettings

@Suite("Values of settings")
struct ValueParsingTests {
    @Test(
        "Durations have a number and a unit",
        arguments: [
            ("500ms", Duration.milliseconds(500)), ("1.5s", .milliseconds(1_500)), ("5m", .seconds(300)),
            ("12h", .seconds(43_200)), ("7d", .seconds(604_800)), ("0s", .zero),
        ])
    func durations(text: String, duration: Duration) {
        #expect(DurationText(text)?.duration == duration)
        #expect(DurationText(DurationText(duration).description)?.duration == duration)
    }

    @Test(
        "An invalid duration is refused", arguments: ["", "5", "m", "-1s", "5 m", "1w", "1e9d", "99999999999d", "NaNs"])
    func badDurations(text: String) {
        #expect(DurationText(text) == nil)
    }

    @Test(
        "Sizes are bytes, or have a binary or decimal unit",
        arguments: [
            ("262144", 262_144), ("256KiB", 262_144), ("16mib", 16_777_216), ("10MB", 10_000_000), ("1_000", 1_000),
        ])
    func sizes(text: String, bytes: Int) {
        #expect(ByteSize(text)?.bytes == bytes)
        #expect(ByteSize(ByteSize(bytes: bytes).description)?.bytes == bytes)
    }

    @Test(
        "An invalid size is refused",
        arguments: ["", "KiB", "-1", "1.5MiB", "1XB", "99999999999999999999", "9999999999GiB"])
    func badSizes(text: String) {
        #expect(ByteSize(text) == nil)
    }

    @Test(
        "HTTP addresses have a host and a port",
        arguments: [
            ("127.0.0.1:8080", HTTPAddress(host: "127.0.0.1", port: 8080)),
            (":9", HTTPAddress(host: "0.0.0.0", port: 9)),
            ("[::1]:80", HTTPAddress(host: "::1", port: 80)), ("localhost:0", HTTPAddress(host: "127.0.0.1", port: 0)),
        ])
    func addresses(text: String, address: HTTPAddress) {
        #expect(HTTPAddress(text) == address)
    }

    @Test("An invalid HTTP address is refused", arguments: ["8080", "host", "::1:80", "h:99999", "a b:1", "h/x:1"])
    func badAddresses(text: String) {
        #expect(HTTPAddress(text) == nil)
    }

    @Test(
        "A topic root has no wildcard, no empty level and no space",
        arguments: ["a/#", "+", "a//b", "", "a b", "$SYS"])
    func badRoots(text: String) {
        #expect(throws: InvalidValue.self) { try ValueParsers.topicRoot(text) }
    }
}
