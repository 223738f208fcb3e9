import Foundation
import HTTPServing
import JournalPort
import Signals

/// Handles the forms of the page. Each ends with a redirect, so that reloading repeats nothing. `AccessPolicy` has
/// already refused forms from other sites.
enum PageActions {
    /// The outcome of a form.
    enum Outcome {
        /// Done; the path of the next page.
        case done(String)
        case refused(HTTPStatusCode, String)

        static let incomplete = Outcome.refused(.badRequest, "The form is not complete.")
    }

    /// Form encoding can triple the length, and there are other fields.
    private static func bodyLimit(_ messageLimit: Int) -> Int { 3 * messageLimit + 4_096 }

    /// The pages with controls for effects.
    private static let effectPages: [PagePath] = [.conversation, .state, .effects]

    static func make(_ sources: PageSources) -> [Route] {
        [
            form(.say, "posts a message", .write, bodyLimit: bodyLimit(sources.messageLimit)) { form, grant in
                guard let subject = form[PagePath.subject], let content = form["content"] else { return .incomplete }
                var data = JSONObjectBuilder(reservingCapacity: content.utf8.count + 32)
                // Browsers send line ends in forms as CR LF.
                data.add("content", content.replacing("\r\n", with: "\n"))
                return await record(
                    SignalType.messageReceived, data, id: form["id"], subject, grant, sources, back: .conversation)
            },
            form(.control, "aborts, stops or cancels a conversation's effects", .write) { form, grant in
                guard let subject = form[PagePath.subject] else { return .incomplete }
                let type: String
                switch form["action"] {
                case "abort_requested": type = SignalType.abortRequested
                case "stop_requested": type = SignalType.stopRequested
                case "cancel_requested": type = SignalType.cancelRequested
                default: return .incomplete
                }
                return await record(type, JSONObjectBuilder(), subject, grant, sources, back: .conversation)
            },
            form(.effect, "cancels an effect, or approves a tool call", .write) { form, grant in
                guard let subject = form[PagePath.subject], let effect = form["effect"] else { return .incomplete }
                let type: String
                switch form["action"] {
                case "cancel_requested": type = SignalType.effectCancelRequested
                case "approved": type = SignalType.toolApproved
                case "denied": type = SignalType.toolDenied
                default: return .incomplete
                }
                var data = JSONObjectBuilder()
                data.add("effect_id", effect)
                if type == SignalType.toolDenied, let reason = text(form["reason"]) { data.add("reason", reason) }
                if type == SignalType.toolApproved, let arguments = text(form["arguments"]) {
                    guard let value = try? JSONValue(Array(arguments.utf8)), value.object != nil else {
                        return .refused(.badRequest, "The arguments must be one JSON object.")
                    }
                    data.add("arguments", arguments)
                }
                let back = effectPages.first { $0.rawValue == form["back"] } ?? .state
                return await record(type, data, subject, grant, sources, back: back)
            },
            form(.retry, "retries an answer that has failed", .write) { form, grant in
                guard let subject = form[PagePath.subject], let effect = form["effect"] else { return .incomplete }
                var data = JSONObjectBuilder()
                data.add("effect_id", effect)
                return await record(
                    SignalType.answerRetryRequested, data, subject, grant, sources, back: .conversation)
            },
            form(.moveDeadLetters, "re-drives or discards dead letters", .admin) { form, _ in
                let letters = sources.deadLetters
                let places = form.values("position").compactMap { ShardPosition($0, shards: letters.shards) }
                guard (1...DeadLetterMove.limit).contains(places.count) else {
                    return .refused(.badRequest, "Choose at least one dead letter.")
                }
                guard let action = form["action"].flatMap({ DeadLetterMove.Action(rawValue: $0) }) else {
                    return .incomplete
                }
                do throws(JournalError) {
                    return .done(DeadLettersPage.path(after: try await letters.move(action, places)))
                } catch {
                    return .refused(.serviceUnavailable, error.message)
                }
            },
        ]
    }

    /// What was written into a field; nil where it was left empty. Browsers send line ends as CR LF.
    private static func text(_ field: String?) -> String? {
        guard let text = field?.replacing("\r\n", with: "\n"), text.contains(where: { !$0.isWhitespace }) else {
            return nil
        }
        return text
    }

    /// The id of a message in a form: sent twice, the message is recorded once.
    static func makeID() -> String { UUID().uuidString.lowercased() }

    /// A route for a form. Browsers get pages; the script gets problems as JSON.
    static func form(
        _ path: PagePath, _ summary: String, _ scope: AccessScope, bodyLimit: Int = Route.standardBodyLimit,
        _ act: @escaping @Sendable (QueryString, AccessGrant) async -> Outcome
    ) -> Route {
        Route(
            path.rawValue, summary, method: .POST, scope: scope, bodyLimit: bodyLimit,
            granted: { request, grant in
                let form = await read(request)
                let outcome =
                    if let form { await act(form, grant) } else {
                        Outcome.refused(.badRequest, "The form cannot be read.")
                    }
                switch outcome {
                case .done(let path): return .redirect(to: path)
                case .refused(let status, let message):
                    let isScript = request.headers[HTTPHeader("Accept")]?.hasPrefix("application/json") == true
                    return isScript ? .problem(status, "refused", message) : PageLayout.problem(status, message)
                }
            })
    }

    static func read(_ request: HTTPRequest) async -> QueryString? {
        guard request.headers[.contentType]?.hasPrefix("application/x-www-form-urlencoded") == true,
            // An unreadable body gets the same answer as an invalid one.
            let body = try? await request.bodyData, let text = String(data: body, encoding: .utf8)
        else { return nil }
        return QueryString(text)
    }

    /// - Parameter id: the id of the signal; nil for a new one.
    private static func record(
        _ type: String, _ data: consuming JSONObjectBuilder, id: String? = nil, _ subject: String, _ grant: AccessGrant,
        _ sources: PageSources, back: PagePath
    ) async -> Outcome {
        var envelope = JSONObjectBuilder()
        envelope.add("specversion", "1.0")
        envelope.add("id", id.flatMap { $0.isEmpty ? nil : $0 } ?? makeID())
        envelope.add("type", type)
        envelope.add("data", json: data.finish())
        let answer = await sources.signals.record(
            subject: subject, type: nil, payload: envelope.finish(), contentType: "application/cloudevents+json",
            source: "/http/\(grant.name)")
        if answer.status < 300 { return .done(back == .effects ? back.rawValue : back.of(subject)) }
        let message = JSONObjectView(answer.body)?["message"]?.string ?? "It was not recorded."
        return .refused(answer.status == 503 ? .serviceUnavailable : .badRequest, message)
    }
}
