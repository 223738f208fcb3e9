/// A change in a broker's silence.
package enum BrokerSilenceNews {
    /// It has been silent for too long; the message to report.
    case silent(String)
    case ended
}
