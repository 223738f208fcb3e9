/// A conversation named by its project and its own id: `project/<id>/conversation/<id>`, both form-encoded
/// (`application/x-www-form-urlencoded`: a space is `+`, bytes outside `A-Z a-z 0-9 - . _ ~` are `%XX`).
public struct ConversationRef: Sendable, Equatable {
    public enum Fault: Error, Sendable, Equatable {
        /// Blank.
        case invalidProjectID
        /// Blank.
        case invalidConversationID
        /// Not of the form above, or with a blank id.
        case invalidSubject
    }

    public let projectID: String
    public let conversationID: String
    public let subject: String

    public init(projectID: String, conversationID: String) throws(Fault) {
        guard !JSONText.isBlank(projectID) else { throw .invalidProjectID }
        guard !JSONText.isBlank(conversationID) else { throw .invalidConversationID }
        var bytes = Array("project/".utf8)
        Self.append(formEncoded: projectID, to: &bytes)
        bytes.append(contentsOf: Self.separator)
        Self.append(formEncoded: conversationID, to: &bytes)
        self.projectID = projectID
        self.conversationID = conversationID
        self.subject = String(decoding: bytes, as: UTF8.self)
    }

    /// Splits a subject at its first `/conversation/`. A broken escape stands for itself: `%zz` is the text `%zz`.
    public init(parsing subject: String) throws(Fault) {
        let bytes = Array(subject.utf8)
        let prefix = "project/".utf8
        guard bytes.starts(with: prefix) else { throw .invalidSubject }
        let body = bytes[prefix.count...]
        let start = body.indices.first { body[$0...].starts(with: Self.separator) }
        guard let start, let projectID = PercentEncoding.decode(form: body[..<start]),
            let conversationID = PercentEncoding.decode(form: body[(start + Self.separator.count)...]),
            !JSONText.isBlank(projectID), !JSONText.isBlank(conversationID)
        else { throw .invalidSubject }
        self.projectID = projectID
        self.conversationID = conversationID
        self.subject = subject
    }

    private static let separator = Array("/conversation/".utf8)

    private static func append(formEncoded text: String, to bytes: inout [UInt8]) {
        for byte in text.utf8 {
            if PercentEncoding.isUnreserved(byte) {
                bytes.append(byte)
            } else if byte == 0x20 {
                bytes.append(UInt8(ascii: "+"))
            } else {
                PercentEncoding.append(escapeOf: byte, to: &bytes)
            }
        }
    }
}
