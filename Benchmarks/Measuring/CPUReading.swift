/// Processor time used so far, in nanoseconds: by each thread of Convey, by the broker, by this process, and by the machine.
struct CPUReading {
    /// By thread id: its name and its time.
    var convey: [Int: (name: String, time: Int64)] = [:]
    var brokerThreads: [Int: (name: String, time: Int64)] = [:]
    var generator: Int64 = 0
    var machine = MachineTime()
    var at: Int64 = 0

    var broker: Int64 { brokerThreads.values.reduce(0) { $0 + $1.time } }

    /// - Parameter conveyID: nil if only the broker is measured.
    init(conveyID: Int32?, brokerID: Int32) throws {
        at = Clock.now
        if let conveyID { convey = ProcessFiles.threads(of: conveyID) }
        brokerThreads = ProcessFiles.threads(of: brokerID)
        generator = Clock.ownCPU
        machine = try ProcessFiles.machineTime()
    }
}

/// Processor time used between two readings.
struct CPUUse {
    /// Convey's time by stage, one thread each, and all others.
    enum Stage: String, CaseIterable {
        case ingress, engine, outbox, query, other
    }

    var stages: [Stage: Int64] = [:]
    var broker: Int64
    var generator: Int64
    var seconds: Double
    var busy: BusyShares
    var noise: Noise

    init(from first: CPUReading, to last: CPUReading) {
        for (thread, reading) in last.convey {
            let time = reading.time - (first.convey[thread]?.time ?? 0)
            stages[Self.stage(ofThread: reading.name), default: 0] += time
        }
        broker = last.broker - first.broker
        generator = last.generator - first.generator
        seconds = Double(last.at - first.at) / 1e9
        busy = BusyShares(from: first, to: last)
        let ours = stages.values.reduce(0, +) + broker + generator
        let all = Double(max(1, last.machine.all - first.machine.all))
        noise = Noise(
            others: Double(max(0, last.machine.busy - first.machine.busy - ours)) / all,
            stolen: Double(last.machine.stolen - first.machine.stolen) / all)
    }

    var convey: Int64 { stages.values.reduce(0, +) }

    /// Convey names the threads of its stages; with several shards, the shard's number follows the name.
    static func stage(ofThread name: String) -> Stage {
        Stage.allCases.first { $0 != .other && name.hasPrefix("convey-\($0.rawValue)") } ?? .other
    }
}

/// Disturbances of a measurement, as shares of the machine.
struct Noise {
    /// Used by other processes, and by the kernel for itself.
    var others = 0.0
    /// Taken by the hypervisor, or lost in switching to this machine.
    var stolen = 0.0

    var total: Double { others + stolen }

    /// The worst of several.
    static func worst(_ all: [Noise]) -> Noise { all.max { $0.total < $1.total } ?? Noise() }
}
