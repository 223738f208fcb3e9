import MQTTTransport
import Testing

@Suite struct BrokerAddressTests {
    @Test(arguments: [
        ("mqtt://localhost", BrokerAddress(host: "localhost", port: 1883)),
        ("mqtt://broker.example:1884/", BrokerAddress(host: "broker.example", port: 1884)),
        ("MQTT://h:1", BrokerAddress(host: "h", port: 1)),
        ("mqtts://h", BrokerAddress(host: "h", port: 8883, tls: .init())),
        ("mqtts://h:443", BrokerAddress(host: "h", port: 443, tls: .init())),
        ("mqtt://[::1]", BrokerAddress(host: "::1", port: 1883)),
        ("mqtt://[fe80::1]:1999", BrokerAddress(host: "fe80::1", port: 1999)),
        ("mqtt://u@h", BrokerAddress(host: "h", username: "u")),
        ("mqtt://u:@h", BrokerAddress(host: "h", username: "u", password: "")),
        ("mqtt://u:p@h", BrokerAddress(host: "h", username: "u", password: "p")),
        ("mqtt://u%40x:p%3A%2F%c3%a4@h", BrokerAddress(host: "h", username: "u@x", password: "p:/ä")),
        ("mqtt://u:p:q@x@h:9", BrokerAddress(host: "h", port: 9, username: "u", password: "p:q@x")),
    ])
    func readsURLs(url: String, expected: BrokerAddress) throws {
        #expect(try BrokerAddress(url: url) == expected)
    }

    @Test(arguments: [
        "", "localhost", "localhost:1883", "http://h", "mqtt://", "mqtt://:1883", "mqtt://h:", "mqtt://h:0",
        "mqtt://h:65536", "mqtt://h:+1", "mqtt://h:x", "mqtt://::1", "mqtt://[::1", "mqtt://[::1]x", "mqtt://h/path",
        "mqtt://h?x", "mqtt://a b", "mqtt://u:%4@h", "mqtt://u:%zz@h", "mqtt://u:%ff@h", "mqtt://u:%00@h",
    ])
    func refusesOthersWithAMessage(url: String) {
        let error = #expect(throws: MQTTError.self) { try BrokerAddress(url: url) }
        #expect(error?.code == .invalidURL)
        #expect(error?.message.contains("URL") == true)
    }

    @Test func noTextFormShowsThePassword() throws {
        let address = try BrokerAddress(url: "mqtts://user:s3cret@[::1]:8883")
        let options = MQTTOptions(broker: address, clientID: "x")
        var dumped = ""
        dump(options, to: &dumped)
        #expect("\(address)" == "mqtts://user@[::1]:8883")
        for text in ["\(address)", String(reflecting: address), "\(options)", String(reflecting: options), dumped] {
            #expect(!text.contains("s3cret"))
        }
        let error = #expect(throws: MQTTError.self) { try BrokerAddress(url: "mqtt://user:s3cret%@h") }
        #expect(error.map { !"\($0)".contains("s3cret") } == true)
    }

    @Test func badOptionsAreNamed() {
        let broker = BrokerAddress(host: "h")
        let bad = [
            MQTTOptions(broker: broker, clientID: "", cleanStart: false),
            MQTTOptions(broker: broker, clientID: "x", keepAliveSeconds: 4),
            MQTTOptions(broker: broker, clientID: "x", receiveMaximum: 0),
            MQTTOptions(broker: BrokerAddress(host: "h", port: 0), clientID: "x"),
            MQTTOptions(broker: BrokerAddress(host: "h", password: "p"), clientID: "x"),
        ]
        for options in bad {
            let error = #expect(throws: MQTTError.self) { try MQTTConnection(options) }
            #expect(error?.code == .invalidOption)
        }
    }
}
