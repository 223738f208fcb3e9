/// A JSON number without rounding: `digits` × 10^`exponent`. `1`, `1.0` and `10e-1` are one value.
struct ExactNumber: Hashable, Sendable {
    /// A larger exponent counts as infinite.
    private static let exponentLimit = 1_000_000_000

    private var isNegative = false
    /// Digits 0 to 9; neither the first nor the last is 0; empty for zero.
    private var digits: [UInt8] = []
    private var exponent = 0

    /// - Parameter spelling: the spelling of a number in a JSON text that was already checked.
    init(_ spelling: String) {
        let parts = spelling.utf8.split(maxSplits: 1, omittingEmptySubsequences: false) {
            $0 == UInt8(ascii: "e") || $0 == UInt8(ascii: "E")
        }
        var isFraction = false
        for byte in parts[0] {
            if byte == UInt8(ascii: "-") {
                isNegative = true
            } else if byte == UInt8(ascii: ".") {
                isFraction = true
            } else {
                if byte != UInt8(ascii: "0") || !digits.isEmpty { digits.append(byte - UInt8(ascii: "0")) }
                if isFraction { exponent -= 1 }
            }
        }
        if parts.count > 1 {
            let text = String(decoding: parts[1], as: UTF8.self)
            let limit = text.hasPrefix("-") ? -Self.exponentLimit : Self.exponentLimit
            exponent += Int(text).map { min(max($0, -Self.exponentLimit), Self.exponentLimit) } ?? limit
        }
        while digits.last == 0 {
            digits.removeLast()
            exponent += 1
        }
        if digits.isEmpty { (isNegative, exponent) = (false, 0) }
    }

    var isInteger: Bool { exponent >= 0 }
    var isPositive: Bool { !isNegative && !digits.isEmpty }

    /// Whether it may be passed to `isMultiple(of:)`.
    var isDivisor: Bool { isPositive && digits.count <= 18 }

    /// - Parameter divisor: one for which `isDivisor` holds.
    func isMultiple(of divisor: ExactNumber) -> Bool {
        if digits.isEmpty { return true }
        // Without trailing zeros the digits are not a multiple of ten, and therefore not of a larger power of ten
        // either.
        let shift = exponent - divisor.exponent
        guard shift >= 0 else { return false }
        let modulus = divisor.digits.reduce(UInt64(0)) { $0 * 10 + UInt64($1) }
        var rest = digits.reduce(UInt64(0)) { ($0 * 10 + UInt64($1)) % modulus }
        // A number below 10^18 has fewer than 64 factors 2 and 5; more tens change nothing.
        for _ in 0..<min(shift, 64) { rest = rest * 10 % modulus }
        return rest == 0
    }

    /// One spelling for equal numbers.
    var canonical: String {
        (isNegative ? "-" : "") + digits.map { "\($0)" }.joined() + "e\(exponent)"
    }
}

extension ExactNumber: Comparable {
    static func < (left: ExactNumber, right: ExactNumber) -> Bool {
        if left.isNegative != right.isNegative { return left.isNegative }
        return left.isNegative ? right.isSmaller(than: left) : left.isSmaller(than: right)
    }

    /// Compares without signs.
    private func isSmaller(than other: ExactNumber) -> Bool {
        guard !digits.isEmpty, !other.digits.isEmpty else { return digits.isEmpty && !other.digits.isEmpty }
        let (order, otherOrder) = (digits.count + exponent, other.digits.count + other.exponent)
        return order == otherOrder ? digits.lexicographicallyPrecedes(other.digits) : order < otherOrder
    }
}
