import ArgumentParser
import JournalPort
import PostgresJournal
import SQLiteJournal
import Terminal

/// `convey migrate --from DIRECTORY --to postgres://…`
struct MigrateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Move a journal from a data directory into a PostgreSQL database.",
        discussion: """
            Stop the service first. The database must exist and be empty. All ids, positions and states stay the same, so clients \
            notice nothing. The copy is verified before it can be used; the data directory is not changed. If the command \
            was interrupted, run it again: it continues where it stopped.

            Then start the service with --journal and the same URL. Keep its client id, so that it also keeps the broker's session and \
            the messages that wait in it: --broker-client-id convey-NODE, unless you have set another one.

            Exit status: 0 moved and verified, 1 the copy has a difference, 69 a journal cannot be read or written.
            """)

    @Option(help: "The data directory to move.")
    var from: String
    @Option(
        help: "The database, postgres://USER@HOST/DATABASE. Passwords are better kept in a password file (~/.pgpass).")
    var to: String

    func run() throws {
        do {
            let target = try PostgresStore(url: to, node: "migrate", allowsUnfinished: true)
            var bar = ProgressBar()
            defer { bar.clear() }
            try JournalCopy(source: SQLiteStore(directory: from), target: target).run {
                bar.show(done: $0, of: $1)
            }
            var verification = try StoreVerification(try PostgresStore(url: to, node: "migrate"))
            try verification.verifyAll(sample: nil) { bar.show(done: $0.done, of: $0.total) }
            bar.clear()
            let result = VerificationResult(
                verification.reports, shards: verification.shards, duration: .zero)
            guard result.isOK else {
                StandardError.print("the copy in \(target.place) is not what was recorded:\n\(result.text)")
                throw ExitStatus.failed
            }
            StandardOutput.print("moved \(from) to \(target.place); start convey serve with --journal and that URL")
        } catch let error as JournalError {
            StandardError.print(error.message)
            throw ExitStatus.unavailable
        }
    }
}
