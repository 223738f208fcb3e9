import Foundation
import Signals
import Testing

@testable import ConveyHTTP

@Suite("The documents")
struct DocumentTests {
    private static func broker(
        usesTLS: Bool = false, usesMQTT5: Bool = true, hasUser: Bool = false, hasCertificate: Bool = false
    ) -> DocumentedBroker {
        DocumentedBroker(
            host: "broker.example:1883", usesTLS: usesTLS, usesMQTT5: usesMQTT5, hasUser: hasUser,
            hasCertificate: hasCertificate, sessionExpirySeconds: 3_600)
    }

    private static func asyncAPI(_ broker: DocumentedBroker) throws -> JSONValue {
        try JSONValue(Array(AsyncAPIDocument.text(version: "1.0.0", root: "conv", broker: broker).utf8))
    }

    private static func openAPI(shards: Int) throws -> JSONValue {
        try JSONValue(Array(OpenAPIDocument.text(version: "1.0.0", shards: shards).utf8))
    }

    /// All values of a member, wherever it occurs.
    private static func values(of name: String, in value: JSONValue) -> [String] {
        let inside = (value.object ?? []).map(\.value) + (value.array ?? [])
        return (value[name]?.string.map { [$0] } ?? []) + inside.flatMap { values(of: name, in: $0) }
    }

    private static func find(_ reference: String, in document: JSONValue) -> JSONValue? {
        reference.split(separator: "/").dropFirst().reduce(document) { value, name in
            value?[String(name).replacing("~1", with: "/")]
        }
    }

    @Test("Every reference resolves within the document", arguments: [1, 4])
    func references(shards: Int) throws {
        for document in [try Self.openAPI(shards: shards), try Self.asyncAPI(Self.broker(hasUser: true))] {
            let references = Self.values(of: "$ref", in: document)
            #expect(references.count > 20)
            for reference in references {
                #expect(reference.hasPrefix("#/") && Self.find(reference, in: document) != nil, "\(reference)")
            }
        }
    }

    @Test("Every pattern is a regular expression", arguments: [1, 4])
    func patterns(shards: Int) throws {
        let patterns = Self.values(of: "pattern", in: try Self.openAPI(shards: shards))
        #expect(patterns.count > 8)
        for pattern in patterns {
            #expect(throws: Never.self, "\(pattern)") { try NSRegularExpression(pattern: pattern) }
        }
    }

    @Test(
        "A position is a number in a journal with one shard, and a text that names the shard otherwise")
    func positions() throws {
        let one = try Self.openAPI(shards: 1)["components"]?["schemas"]?["JournalPosition"]
        #expect(one?["type"]?.string == "integer")
        let four = try Self.openAPI(shards: 4)["components"]?["schemas"]?["JournalPosition"]
        let pattern = try Regex(try #require(four?["pattern"]?.string))
        for (text, fits) in [
            ("0.1", true), ("3.1834", true), ("4.1", false), ("1", false), ("1.", false), (".1", false),
        ] {
            #expect((text.wholeMatch(of: pattern) != nil) == fits, "\(text)")
        }
    }

    @Test("The AsyncAPI document names the broker, its protocol, and how a client logs in")
    func servers() throws {
        let open = try Self.asyncAPI(Self.broker())
        let server = open["servers"]?["broker"]
        #expect(server?["host"]?.string == "broker.example:1883" && server?["protocol"]?.string == "mqtt")
        #expect(server?["protocolVersion"]?.string == "5.0" && server?["security"] == nil)
        #expect(server?["bindings"]?["mqtt"]?["sessionExpiryInterval"]?.int == 3_600)
        for channel in open["channels"]?.object ?? [] {
            #expect(channel.value["servers"]?.array?.count == 1, "\(channel.key)")
        }
        let closed = try Self.asyncAPI(
            Self.broker(usesTLS: true, usesMQTT5: false, hasUser: true, hasCertificate: true))
        #expect(closed["servers"]?["broker"]?["protocol"]?.string == "secure-mqtt")
        #expect(closed["servers"]?["broker"]?["protocolVersion"]?.string == "3.1.1")
        #expect(closed["servers"]?["broker"]?["security"]?.array?.count == 2)
        let schemes = closed["components"]?["securitySchemes"]
        #expect(
            schemes?["user"]?["type"]?.string == "userPassword" && schemes?["certificate"]?["type"]?.string == "X509")
    }

    @Test("Every operation and every message of the AsyncAPI document has its MQTT binding")
    func bindings() throws {
        let document = try Self.asyncAPI(Self.broker())
        for (name, operation) in document["operations"]?.object ?? [] {
            #expect(operation["bindings"]?["mqtt"]?["qos"]?.int == 1, "\(name)")
        }
        for (name, message) in document["components"]?["messages"]?.object ?? [] where name != "status" {
            #expect(message["bindings"]?["mqtt"]?["bindingVersion"]?.string == "0.2.0", "\(name)")
        }
    }
}
