import Signals

/// Sources of the events that Convey creates itself.
package enum DerivedSource {
    package static let reducer = "/convey/reducer"
    package static let projections = "/convey/projections"
    package static let effects = Signal.effectSource
    package static let ingress = "/convey/ingress"
    package static let outbox = "/convey/outbox"
    package static let scheduler = "/convey/scheduler"
    package static let recovery = "/convey/recovery"
    package static let `operator` = "/convey/operator"
}
