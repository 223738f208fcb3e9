/// A `conv.out.*` signal to publish.
public struct Output: Sendable, Equatable {
    public var type: String
    public var outputID: String
    /// The channel as JSON; a string unless the producer sent something else.
    public var channel: [UInt8]
    /// A JSON object without `output_id` and `channel`.
    public var data: [UInt8]
}
