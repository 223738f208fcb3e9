/// Numbers with a fraction as text: the fewest digits that read back as the same number, always with a point, and with
/// an exponent if that is shorter or the number is 2⁵³ or more.
enum FractionText {
    /// Nil if the number is not finite.
    static func shortest(_ number: Double) -> String? {
        guard number.isFinite else { return nil }
        let sign = number.sign == .minus ? "-" : ""
        guard number != 0 else { return sign + "0.0" }
        // Swift finds the digits, but its layout differs.
        let parts = number.magnitude.description.split(separator: "e")
        let mantissa = parts[0].split(separator: ".", omittingEmptySubsequences: false)
        let whole = String(mantissa[0])
        let all = whole + (mantissa.count > 1 ? mantissa[1] : "")
        let leadingZeros = all.prefix { $0 == "0" }.count
        // The number is 0.DIGITS times ten to the power of `point`.
        let point = whole.count - leadingZeros + (parts.count > 1 ? Int(parts[1]) ?? 0 : 0)
        var digits = String(all.dropFirst(leadingZeros))
        while digits.hasSuffix("0") { digits.removeLast() }
        let scientific = withExponent(digits, point: point)
        guard number.magnitude < 9_007_199_254_740_992 else { return sign + scientific }
        let plain = withoutExponent(digits, point: point)
        return sign + (plain.count <= scientific.count ? plain : scientific)
    }

    private static func withExponent(_ digits: String, point: Int) -> String {
        let rest = digits.count > 1 ? String(digits.dropFirst()) : "0"
        return "\(digits.prefix(1)).\(rest)e\(point - 1)"
    }

    private static func withoutExponent(_ digits: String, point: Int) -> String {
        if point <= 0 { return "0." + String(repeating: "0", count: -point) + digits }
        if point >= digits.count { return digits + String(repeating: "0", count: point - digits.count) + ".0" }
        return "\(digits.prefix(point)).\(digits.dropFirst(point))"
    }
}
