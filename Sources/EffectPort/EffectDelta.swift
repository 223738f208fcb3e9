/// A piece of a stream.
public struct EffectDelta: Sendable, Equatable {
    public enum Kind: String, Sendable {
        /// Text of the answer.
        case content
        /// A model's reasoning, which is not part of the answer.
        case thinking
        /// A tool's report on its progress.
        case message
    }

    public var kind: Kind
    public var text: String

    public init(_ text: String, kind: Kind = .content) {
        self.kind = kind
        self.text = text
    }
}
