/// Why the embedded broker does not run.
package enum EmbeddedBrokerError: Error, Sendable, CustomStringConvertible {
    case notInstalled
    case portBusy(UInt16)
    /// Its directory cannot be written; the second text is the system's.
    case directory(String, String)
    case failed(String, log: String)

    package var description: String {
        switch self {
        case .notInstalled:
            "the embedded broker needs mosquitto, which is not installed: apt-get install mosquitto"
        case .portBusy(let port):
            """
            the embedded broker cannot have port \(port) of 127.0.0.1: something listens there already. If that is a broker \
            you want to use (Debian's mosquitto package starts one on 1883), leave --embedded-broker out; else choose \
            another port with --broker mqtt://127.0.0.1:PORT
            """
        case .directory(let path, let message):
            "the embedded broker's directory \(path) cannot be written: \(message)"
        case .failed(let message, let log):
            "the embedded broker does not run: \(message); its log is \(log)"
        }
    }
}
