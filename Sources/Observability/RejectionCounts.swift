/// Rejections by code. A code's detail (`attribute_missing:id`) is dropped, so that clients cannot create unlimited
/// time series.
public struct RejectionCounts: Sendable, Equatable {
    /// The contract has 13 codes; anything beyond this many different ones is counted as `other`.
    static let codeLimit = 32

    /// Code without detail to count.
    public private(set) var byCode: [String: UInt64] = [:]

    public init() {}

    /// The count of a code. Setting it for a code beyond the limit sets `other`.
    public subscript(code: String) -> UInt64 {
        get { byCode[key(for: code)] ?? 0 }
        set { byCode[key(for: code)] = newValue }
    }

    mutating func add(_ other: Self) {
        for (code, count) in other.byCode { self[code] += count }
    }

    private func key(for code: String) -> String {
        let name = String(code.prefix { $0 != ":" })
        if byCode[name] != nil || byCode.count < Self.codeLimit { return name }
        return "other"
    }
}
