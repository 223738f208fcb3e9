/// One requirement of a schema. Subschemas are indices into the schema's list.
enum SchemaRule: Sendable {
    /// The schema `false`.
    case never
    case type([SchemaType])
    /// `enum` and `const`.
    case values(Set<CanonicalJSON>, shown: String)
    case number(NumberRule)
    case text(TextRule)
    case array(ArrayRule)
    case object(ObjectRule)
    case combination(Combination)

    enum NumberRule: Sendable {
        case minimum(ExactNumber, isExclusive: Bool, shown: String)
        case maximum(ExactNumber, isExclusive: Bool, shown: String)
        case multiple(of: ExactNumber, shown: String)
    }

    enum TextRule: Sendable {
        /// In code points.
        case length(SchemaRange)
        case pattern(SchemaPattern)
    }

    enum ArrayRule: Sendable {
        case count(SchemaRange)
        case unique
        case items(first: [Int], rest: Int?)
        case contains(Int, SchemaRange)
    }

    enum ObjectRule: Sendable {
        case count(SchemaRange)
        case required([String])
        case members(SchemaMembers)
        case names(Int)
        /// An object with the member must have the others, too.
        case dependencies([(member: String, others: [String])])
    }

    /// Subschemas of the same value.
    enum Combination: Sendable {
        case all([Int])
        case any([Int])
        case one([Int])
        case not(Int)
        case conditional(test: Int, then: Int?, otherwise: Int?)
    }
}
