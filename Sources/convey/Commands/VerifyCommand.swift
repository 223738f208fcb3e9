import ArgumentParser
import Foundation
import JournalPort
import JournalReading
import SQLiteJournal
import Signals

/// `convey verify [SUBJECT]`
struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check that a journal agrees with itself.",
        discussion: """
            Repeats everything that was recorded and compares: order and places of all records, every marker's state, \
            causes, effects, pending signals, what is saved of each conversation, the indexes, and the file itself. It \
            only reads, so it can run beside a service. With --projection it also looks whether a projection has seen \
            more than the journal has: then records at the journal's end are lost.

            Exit status: 0 everything agrees, 1 a difference (the first one is told), 66 no such conversation, \
            69 the journal cannot be read, 78 a wrong setting.
            """)

    @Argument(help: "One conversation; the whole journal when left out.")
    var subject: SubjectArgument?
    @Option(help: "Only so many conversations, chosen at random.")
    var sample: Int?
    @Option(help: "A database of convey project to compare with.")
    var projection: [String] = []
    @Flag(help: "Print the result as a JSON object.")
    var json = false
    @OptionGroup(title: "Configuration")
    var config: ConfigFileFlag
    @OptionGroup
    var data: DataDirectoryFlag

    func validate() throws {
        if let sample, sample < 1 { throw ValidationError("--sample must be at least 1") }
        if sample != nil, subject != nil { throw ValidationError("give a conversation or --sample, not both") }
    }

    func run() throws {
        let directory = try data.directory(configFile: config.file)
        let began = ContinuousClock.now
        var report: VerificationReport?
        do throws(JournalError) {
            let reader = try SQLiteJournal.openVerificationReader(directory: directory)
            report = try verify(JournalVerifier(source: reader))
            for path in projection where report?.difference == nil {
                report?.difference = try ProjectionProgress.difference(between: path, and: reader)
            }
        } catch  where error.code == .corrupt {
            // One of ours that is not whole.
            report = VerificationReport()
            report?.difference = JournalDifference(.storage, error.message)
        } catch {
            StandardError.print("\(error)")
            throw ExitStatus.unavailable
        }
        guard let report else {
            StandardError.print("there is no conversation \(subject?.subject ?? "") in \(directory)")
            throw ExitStatus.noInput
        }
        let result = VerificationResult(report, duration: ContinuousClock.now - began)
        print(json ? result.json : result.text)
        if report.difference != nil { throw ExitStatus.failed }
    }

    private func verify(_ verifier: JournalVerifier) throws(JournalError) -> VerificationReport? {
        var bar = ProgressBar()
        defer { bar.clear() }
        if let subject { return try verifier.verify(subject: subject.subject) }
        if let sample {
            var random = SystemRandomNumberGenerator()
            return try verifier.verifySample(sample, random: &random) { bar.show(done: $0.done, of: $0.total) }
        }
        return try verifier.verifyAll { bar.show(done: $0.done, of: $0.total) }
    }
}

/// What a verification found, for a person or a program.
struct VerificationResult {
    private let report: VerificationReport
    private let seconds: Double

    init(_ report: VerificationReport, duration: Duration) {
        self.report = report
        seconds = duration / .seconds(1)
    }

    private var rate: Int { Int(Double(report.records) / max(seconds, 0.001)) }

    var text: String {
        let seen =
            "\(report.records) records (\(report.signals) signals, \(report.markers) markers) of "
            + "\(report.conversations) conversations, up to position \(report.through), in "
            + "\(String(format: "%.1f", seconds)) s (\(rate) records/s)"
        guard let difference = report.difference else { return "ok: \(seen)" }
        return """
            DIFFERENCE (\(difference.kind.rawValue)) at \(difference.place)
              \(difference.message)
            It means: \(difference.meaning)
            To do:    \(difference.advice)
            Looked at \(seen)
            """
    }

    var json: String {
        var object = JSONObjectBuilder()
        object.add("ok", json: (report.difference == nil ? "true" : "false").utf8)
        object.add("signals", report.signals)
        object.add("markers", report.markers)
        object.add("conversations", report.conversations)
        object.add("through", report.through.rawValue)
        object.add("seconds", json: String(format: "%.3f", seconds).utf8)
        if let difference = report.difference { object.add("difference", json: difference.encode()) }
        return String(decoding: object.finish(), as: UTF8.self)
    }
}
