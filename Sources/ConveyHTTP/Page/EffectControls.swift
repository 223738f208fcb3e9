/// Forms for an open effect.
enum EffectControls {
    /// Cancels an effect.
    static func cancel(_ subject: String, _ effect: String, back: PagePath) -> HTML {
        form(subject, effect, back, #"<button name="action" value="cancel_requested" class="danger">Cancel</button>"#)
    }

    /// Allows or denies a tool call.
    static func decision(_ subject: String, _ effect: String, back: PagePath = .conversation) -> HTML {
        form(
            subject, effect, back,
            """
            <button name="action" value="approved" class="main">Allow</button>
            <button name="action" value="denied" class="danger">Deny</button>
            """)
    }

    private static func form(_ subject: String, _ effect: String, _ back: PagePath, _ buttons: HTML) -> HTML {
        """
        <form class="line" action="\(PagePath.effect.rawValue)" method="post">
        <input type="hidden" name="\(PagePath.subject)" value="\(exact: subject)">
        <input type="hidden" name="effect" value="\(exact: effect)">
        <input type="hidden" name="back" value="\(back.rawValue)">
        \(buttons)
        </form>

        """
    }
}
