/// The kind of a JSON value. A number's kind follows its spelling: `1.0` and `1e0` are fractions.
public enum JSONKind: UInt8, Sendable {
    case null, `true`, `false`, integer, fraction, string, array, object
}
