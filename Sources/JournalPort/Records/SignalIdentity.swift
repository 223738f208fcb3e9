import Signals

/// What makes two signals of a conversation the same one.
package struct SignalIdentity: Equatable {
    package var source: ExactText
    package var id: ExactText

    package init(_ signal: Signal) {
        source = ExactText(signal.source)
        id = ExactText(signal.id)
    }

    /// Nil where it was removed with the content.
    package init?(_ removed: RemovedContent) {
        guard let source = removed.source, let id = removed.id else { return nil }
        self.source = ExactText(source)
        self.id = ExactText(id)
    }
}
