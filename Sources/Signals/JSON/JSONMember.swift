/// One member of an object: its key (a string) and its value.
public struct JSONMember: Sendable, Equatable {
    public var key: JSONSlot
    public var value: JSONSlot
}
