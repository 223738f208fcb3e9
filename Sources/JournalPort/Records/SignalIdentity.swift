import Signals

/// The identity of a signal in its conversation: two signals with the same identity are the same.
package struct SignalIdentity: Equatable {
    package var source: ExactText
    package var id: ExactText

    package init(_ signal: Signal) {
        source = ExactText(signal.source)
        id = ExactText(signal.id)
    }

    /// Nil if it was removed with the content.
    package init?(_ removed: RemovedContent) {
        guard let source = removed.source, let id = removed.id else { return nil }
        self.source = ExactText(source)
        self.id = ExactText(id)
    }
}
