/// What has changed about a broker that sends nothing.
package enum BrokerSilenceNews {
    /// It is silent for too long: what to say about it.
    case silent(String)
    case ended
}
