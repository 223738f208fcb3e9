import ArgumentParser

/// How many processors the broker and Convey share.
enum Cores: Equatable, ExpressibleByArgument {
    case count(Int)
    case all

    init?(argument: String) {
        if argument == "all" {
            self = .all
        } else if let count = Int(argument), count > 0 {
            self = .count(count)
        } else {
            return nil
        }
    }

    /// - Parameter allowed: the available processors.
    func processors(of allowed: ProcessorSet) throws -> ProcessorSet {
        switch self {
        case .all: return allowed
        case .count(let count):
            guard count <= allowed.numbers.count else {
                throw BenchError("--cores \(count), but there are only \(allowed.numbers.count)")
            }
            return allowed.first(count)
        }
    }
}
