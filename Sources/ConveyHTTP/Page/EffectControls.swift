/// Forms for an open effect.
enum EffectControls {
    /// Cancels an effect.
    static func cancel(_ subject: String, _ effect: String, back: PagePath) -> HTML {
        form(subject, effect, back, #"<button name="action" value="cancel_requested" class="danger">Cancel</button>"#)
    }

    /// Allows or denies a tool call. The arguments can be changed, and a reason given, which the model is told.
    /// - Parameter arguments: the model's, whole; nil where they cannot be changed here.
    static func decision(
        _ subject: String, _ effect: String, arguments: String?, back: PagePath = .conversation
    ) -> HTML {
        let edit = arguments.map { text -> HTML in
            """
            <label>Arguments <textarea name="arguments" rows="2" dir="ltr" spellcheck="false">\(exact: editable(text))</textarea></label>
            """
        }
        return form(
            subject, effect, back,
            """
            <button name="action" value="approved" class="main">Allow</button>
            <button name="action" value="denied" class="danger">Deny</button>
            <details class="more"><summary>Change or give a reason</summary>
            \(edit)
            <label>Reason for a denial <input name="reason" dir="auto"></label>
            </details>
            """)
    }

    /// What the field for arguments begins with: the model's, unless they have characters that a reader would not see as they are. Left
    /// empty it stands for the model's.
    private static func editable(_ arguments: String) -> String {
        let isShownAsItIs = arguments.unicodeScalars.allSatisfy { scalar in
            switch scalar.value {
            case 0x09, 0x0a: true
            case 0..<0x20, 0x7f...0x9f, 0x202a...0x202e, 0x2066...0x2069: false
            default: true
            }
        }
        return isShownAsItIs ? arguments : ""
    }

    /// Retries a failed answer.
    static func retry(_ subject: String, _ effect: String) -> HTML {
        form(subject, effect, .conversation, "<button>Try again</button>", action: .retry)
    }

    private static func form(
        _ subject: String, _ effect: String, _ back: PagePath, _ buttons: HTML, action: PagePath = .effect
    ) -> HTML {
        """
        <form class="line" action="\(action.rawValue)" method="post">
        <input type="hidden" name="\(PagePath.subject)" value="\(exact: subject)">
        <input type="hidden" name="effect" value="\(exact: effect)">
        <input type="hidden" name="back" value="\(back.rawValue)">
        \(buttons)
        </form>

        """
    }
}
