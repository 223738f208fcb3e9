/// The types of parameters and of the elements of arrays, as PostgreSQL numbers them (pg_type.dat).
enum ValueType: UInt32 {
    case bool = 16
    case bytes = 17
    case integer = 20
    case text = 25

    /// The type of an array of such values.
    var array: UInt32 {
        switch self {
        case .bool: 1_000
        case .bytes: 1_001
        case .integer: 1_016
        case .text: 1_009
        }
    }
}
