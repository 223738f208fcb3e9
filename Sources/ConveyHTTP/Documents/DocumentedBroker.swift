/// The broker as described in `/asyncapi.json`, and how clients log in there.
package struct DocumentedBroker: Sendable {
    /// `host:port`, an IPv6 host in brackets.
    let host: String
    let usesTLS: Bool
    let usesMQTT5: Bool
    /// Whether Convey logs in with a user's name.
    let hasUser: Bool
    /// Whether Convey presents a certificate.
    let hasCertificate: Bool
    /// How long the broker keeps the session for inbound signals.
    let sessionExpirySeconds: UInt32

    package init(
        host: String, usesTLS: Bool, usesMQTT5: Bool, hasUser: Bool, hasCertificate: Bool, sessionExpirySeconds: UInt32
    ) {
        self.host = host
        self.usesTLS = usesTLS
        self.usesMQTT5 = usesMQTT5
        self.hasUser = hasUser
        self.hasCertificate = hasCertificate
        self.sessionExpirySeconds = sessionExpirySeconds
    }

    /// The document's only server.
    var servers: String {
        let version = usesMQTT5 ? "5.0" : "3.1.1"
        let session = usesMQTT5 ? #""sessionExpiryInterval":\#(sessionExpirySeconds),"# : ""
        let required = schemes.map { ##"{"$ref":"#/components/securitySchemes/\##($0.name)"}"## }
        var members = [
            ("host", DocumentText.quoted(host)),
            ("protocol", usesTLS ? #""secure-mqtt""# : #""mqtt""#), ("protocolVersion", DocumentText.quoted(version)),
            ("description", #""the broker, under the address that Convey connects to""#),
            (
                "bindings",
                #"{"mqtt":{"cleanSession":false,\#(session)"bindingVersion":"0.2.0"}}"#
            ),
        ]
        if !required.isEmpty { members.append(("security", DocumentText.array(required))) }
        return DocumentText.object([("broker", DocumentText.object(members))])
    }

    /// Empty if the broker requires no login.
    var securitySchemes: String { DocumentText.object(schemes) }

    private var schemes: [(name: String, json: String)] {
        var schemes: [(name: String, json: String)] = []
        if hasUser {
            schemes.append(
                (
                    "user",
                    #"{"type":"userPassword","description":"A user of the broker; its access rules say which topics it may use."}"#
                ))
        }
        if hasCertificate {
            schemes.append(("certificate", #"{"type":"X509","description":"A certificate that the broker trusts."}"#))
        }
        return schemes
    }

}
