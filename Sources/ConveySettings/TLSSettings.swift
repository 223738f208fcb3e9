import HTTPServing

extension SecretFile {
    /// The text of a file that was already read as part of a value.
    static func readAgain(_ path: String) throws(FileProblem) -> String {
        switch read(path) {
        case .unusable(let problem): throw FileProblem(problem)
        case .text(let text, _): return text
        }
    }
}
