import Signals

enum ContractVectors {
    static func check(_ row: JSONValue, _ check: inout RowCheck) {
        guard let input = row["input"], let expect = row["expect"]?.string else {
            check.differ("row", expected: "input and expect", got: row.description)
            return
        }
        switch Contract.normalize(json: input.encode(), makeID: { "made-here" }) {
        case .failure(let rejection):
            check.compare("expect", .string(expect), "reject")
            if expect == "reject" { check.compare("code", row["code"], rejection.code.description) }
        case .success(let (signal, generated)):
            check.compare("expect", .string(expect), "accept")
            guard expect == "accept", let expected = row["signal"] else { return }
            let got: [(String, JSONValue)] = [
                ("type", .string(signal.type)), ("source", .string(signal.source)), ("id", .string(signal.id)),
                ("subject", .string(signal.subject)), ("data", .parsed(signal.data)),
            ]
            for (name, value) in got where !generated.contains(name) { check.compare(name, expected[name], value) }
            let names = (row["generated"]?.array ?? []).compactMap(\.string)
            check.compare(
                "generated", .array(names.sorted().map(JSONValue.string)),
                .array(generated.sorted().map(JSONValue.string)))
        }
    }
}

/// An id that is not a string counts as blank, and the error names it as it is.
enum ConversationRefVectors {
    static func check(_ row: JSONValue, _ check: inout RowCheck) {
        switch row["op"]?.string {
        case "new": new(row, &check)
        case "parse":
            switch parse(row["subject"]?.string ?? "") {
            case .success(let ref):
                check.compare("result", row["result"], "ok")
                check.compare("project_id", row["project_id"], ref.projectID)
                check.compare("conversation_id", row["conversation_id"], ref.conversationID)
            case .failure(let fault): fail(row, fault, value: row["subject"], &check)
            }
        default: check.differ("op", expected: "new or parse", got: row["op"]?.description ?? "none")
        }
    }

    private static func new(_ row: JSONValue, _ check: inout RowCheck) {
        let project = row["project_id"]?.string ?? ""
        let conversation = row["conversation_id"]?.string ?? ""
        do throws(ConversationRef.Fault) {
            let ref = try ConversationRef(projectID: project, conversationID: conversation)
            check.compare("result", row["result"], "ok")
            check.compare("subject", row["subject"], ref.subject)
            guard let expected = row["parse"] else { return }
            switch parse(ref.subject) {
            case .success(let parsed):
                check.compare("parse.result", expected["result"], "ok")
                check.compare("parse.project_id", expected["project_id"], parsed.projectID)
                check.compare("parse.conversation_id", expected["conversation_id"], parsed.conversationID)
            case .failure: check.compare("parse.result", expected["result"], "error")
            }
        } catch {
            fail(row, error, value: row[error == .invalidProjectID ? "project_id" : "conversation_id"], &check)
        }
    }

    private static func parse(_ subject: String) -> Result<ConversationRef, ConversationRef.Fault> {
        do throws(ConversationRef.Fault) { return .success(try ConversationRef(parsing: subject)) } catch {
            return .failure(error)
        }
    }

    private static func fail(
        _ row: JSONValue, _ fault: ConversationRef.Fault, value: JSONValue?, _ check: inout RowCheck
    ) {
        let name =
            switch fault {
            case .invalidProjectID: "invalid_project_id"
            case .invalidConversationID: "invalid_conversation_id"
            case .invalidSubject: "invalid_subject"
            }
        check.compare("result", row["result"], "error")
        check.compare("error", row["error"], .array([.string(name), value ?? .null]))
    }
}
