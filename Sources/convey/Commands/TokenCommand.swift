import ArgumentParser
import ConveySettings
import Foundation
import HTTPServing
import Signals
import Terminal

/// `convey token NAME [--scope SCOPE] [--file FILE]`
struct TokenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Make a token for HTTP.",
        discussion: """
            Prints the token, which nothing keeps, and adds its hash to the file that http.tokens_file names. Convey reads \
            the file when it starts and when it changes. Without --file it prints the file's line after the token.

            Exit status: 0, or 1 when the file cannot be read or written, or is wrong.
            """)

    @Argument(
        help: "The token's name: 1 to 64 of A-Z a-z 0-9 - _ . Signals published with it have the source /http/NAME.")
    var name: String
    @Option(help: "The token's scope: read, write or admin; each includes the ones before.")
    var scope = "read"
    @Option(help: "Time until the token expires, such as 90d or 12h; without it, the token never expires.")
    var expiresIn: String?
    @Option(help: "The file of tokens; created if it does not exist.")
    var file: String?
    @OptionGroup
    var output: OutputFlags

    func validate() throws {
        guard AccessScope(rawValue: scope) != nil else {
            throw ValidationError("--scope must be read, write or admin")
        }
        if let expiresIn, DurationText(expiresIn) == nil {
            throw ValidationError("--expires-in must be a number with a unit: 12h, 90d")
        }
        do throws(TokensFile.Problem) {
            _ = try TokensFile.parse(line(of: TokensFile.makeToken()))
        } catch {
            throw ValidationError(error.message)
        }
    }

    func run() throws {
        let token = TokensFile.makeToken()
        let line = line(of: token)
        if let file {
            do throws(TokensFile.Problem) {
                try add(line, to: file)
            } catch {
                StandardError.print(
                    error.line > 0 ? "\(file):\(error.line): \(error.message)" : "\(file) \(error.message)")
                throw ExitStatus.failed
            }
        }
        if output.isJSON { return StandardOutput.print(json: json(token, line)) }
        StandardOutput.print(token)
        if file == nil { StandardOutput.print(line) }
    }

    /// The token with the file that has its line, or with the line.
    private func json(_ token: String, _ line: String) -> [UInt8] {
        var object = JSONObjectBuilder()
        object.add("name", name)
        object.add("scope", scope)
        object.add("token", token)
        if let file { object.add("file", file) } else { object.add("line", line) }
        return object.finish()
    }

    private func line(of token: String) -> String {
        let expiry = expiresIn.flatMap { DurationText($0) }.map { text in
            Date(timeIntervalSinceNow: TimeInterval(text.duration.components.seconds)).formatted(.iso8601)
        }
        return TokensFile.line(name: name, scope: AccessScope(rawValue: scope) ?? .read, token: token, expiry: expiry)
    }

    /// The file is rewritten, readable by its owner only, and replaces the old one.
    private func add(_ line: String, to path: String) throws(TokensFile.Problem) {
        var text = ""
        if FileManager.default.fileExists(atPath: path) {
            guard let old = try? String(contentsOfFile: path, encoding: .utf8) else {
                throw TokensFile.Problem(line: 0, message: "cannot be read")
            }
            text = old.isEmpty || old.hasSuffix("\n") ? old : old + "\n"
        }
        text += line + "\n"
        _ = try TokensFile.parse(text)
        let draft = path + ".new"
        let isMade = FileManager.default.createFile(
            atPath: draft, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600])
        guard isMade, rename(draft, path) == 0 else {
            throw TokensFile.Problem(line: 0, message: "cannot be written")
        }
    }
}
