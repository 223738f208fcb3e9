/// The conversations of some of the partitions. One pass of a verification keeps one slice in memory.
public struct ConversationSlice: Sendable, Equatable {
    /// Number of slices.
    public var count: Int
    /// The index of this slice, from 0.
    public var index: Int

    public init(count: Int, index: Int) {
        self.count = count
        self.index = index
    }

    public static let all = ConversationSlice(count: 1, index: 0)

    public func contains(partition: Int) -> Bool { partition % count == index }
}
