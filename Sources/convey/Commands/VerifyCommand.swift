import ArgumentParser
import Foundation
import JournalPort
import JournalReading
import SQLite
import Signals
import Terminal

/// `convey verify [SUBJECT]`
struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check that a journal is consistent.",
        discussion: """
            Repeats everything that was recorded and compares: order and places of all records, every marker's state, \
            causes, effects, pending signals, what is saved of each conversation, the indexes, and the file itself. A \
            journal with several shards is checked shard by shard, each up to its first difference. It only reads, so it \
            can run beside a service. With --projection it also looks whether a projection has seen more than the \
            journal has: then records at the journal's end are lost.

            Exit status: 0 everything agrees, 1 a difference (the first one of each shard is printed), 66 no such conversation, \
            69 the journal cannot be read, 78 a wrong setting.
            """)

    @Argument(help: "One conversation; the whole journal when left out.", transform: SubjectArgument.parse)
    var subject: SubjectArgument?
    @Option(help: "Verify only this many conversations, chosen at random.")
    var sample: Int?
    @Option(help: "A database of convey project to compare with.")
    var projection: [String] = []
    @OptionGroup
    var output: OutputFlags
    @OptionGroup(title: "Journal")
    var data: DataDirectoryFlag
    @OptionGroup(title: "Journal")
    var config: ConfigFileFlag

    func validate() throws {
        if let sample, sample < 1 { throw ValidationError("--sample must be at least 1") }
        if sample != nil, subject != nil { throw ValidationError("give a conversation or --sample, not both") }
    }

    func run() throws {
        let directory = try data.journal(configFile: config.file)
        let began = ContinuousClock.now
        let reports: [Sharded<VerificationReport>]
        var shards = 1
        do {
            var verification = try StoreVerification(try Journals.existing(in: directory))
            shards = verification.shards
            guard try verify(&verification) else {
                StandardError.print("there is no conversation \(subject?.subject ?? "") in \(directory)")
                throw ExitStatus.noInput
            }
            for path in projection { try verification.compare(withProjection: path) }
            reports = verification.reports
        } catch let error as JournalError where error.code == .corrupt {
            // One of our files that is damaged.
            reports = [StoreVerification.damaged(error.message, shard: 0)]
        } catch let error as SQLiteError where error.code == .corrupt {
            reports = [StoreVerification.damaged(error.message, shard: 0)]
        } catch let error as ExitCode {
            throw error
        } catch {
            StandardError.print(ErrorWords.text(error))
            throw ExitStatus.unavailable
        }
        let result = VerificationResult(reports, shards: shards, duration: ContinuousClock.now - began)
        output.isJSON ? StandardOutput.print(json: result.json.utf8) : StandardOutput.print(result.text)
        if !result.isOK { throw ExitStatus.failed }
    }

    private func verify(_ verification: inout StoreVerification) throws(JournalError) -> Bool {
        var bar = ProgressBar()
        defer { bar.clear() }
        if let subject { return try verification.verify(subject: subject.subject) }
        try verification.verifyAll(sample: sample) { bar.show(done: $0.done, of: $0.total) }
        return true
    }
}
