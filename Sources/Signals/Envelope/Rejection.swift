/// Why a message is not a signal: a code for programs, and a message that tells its author what to change.
public struct Rejection: Error, Sendable, Equatable {
    public let code: RejectionCode
    public let message: String

    public init(_ code: RejectionCode, _ message: String) {
        self.code = code
        self.message = message
    }

    init(_ error: JSONError) {
        let code: RejectionCode =
            switch error {
            case .tooDeep: .tooDeep
            case .invalidUTF8: .invalidUTF8
            case .tooLarge: .tooLarge
            case .unexpectedEnd, .unexpectedByte, .controlCharacter, .invalidEscape, .loneSurrogate, .invalidNumber,
                .trailingBytes:
                .malformedJSON
            }
        self.init(code, "the payload cannot be read: \(error)")
    }
}
