import Dispatch
import Glibc
import SimulationKit
import Synchronization

let usage = """
    usage: simulate [COUNT]        run the seeds 0..<COUNT (default 10000)
           simulate --seed SEED    run one seed
    """

/// Runs one seed; prints and returns false when a promise was not kept.
func holds(seed: UInt64, steps: borrowing Atomic<Int>, crashes: borrowing Atomic<Int>) -> Bool {
    do {
        var simulation = try Simulation(seed: seed)
        try simulation.run()
        steps.add(simulation.steps, ordering: .relaxed)
        crashes.add(simulation.crashes, ordering: .relaxed)
        return true
    } catch {
        print("FAILED seed \(seed): \(error)  (again: make simulate SEED=\(seed))")
        return false
    }
}

let arguments = CommandLine.arguments.dropFirst()
let seeds: Range<UInt64>
switch (arguments.first, arguments.count) {
case (nil, _): seeds = 0..<10_000
case ("--seed", 2):
    guard let seed = arguments.last.flatMap(UInt64.init), seed < .max else {
        print(usage)
        exit(64)
    }
    seeds = seed..<(seed + 1)
case (let text?, 1):
    guard let count = UInt64(text), count > 0 else {
        print(usage)
        exit(text == "--help" ? 0 : 64)
    }
    seeds = 0..<count
default:
    print(usage)
    exit(64)
}

let steps = Atomic(0)
let crashes = Atomic(0)
let failures = Atomic(0)
let done = Atomic(0)
let total = Int(seeds.count)
DispatchQueue.concurrentPerform(iterations: total) { index in
    if !holds(seed: seeds.lowerBound + UInt64(index), steps: steps, crashes: crashes) {
        failures.add(1, ordering: .relaxed)
    }
    let count = done.add(1, ordering: .relaxed).newValue
    if count % 1_000 == 0 {
        print("\(count) of \(total) seeds")
        fflush(nil)
    }
}
let failed = failures.load(ordering: .relaxed)
print(
    "seeds \(seeds.lowerBound)..<\(seeds.upperBound): \(steps.load(ordering: .relaxed)) steps, "
        + "\(crashes.load(ordering: .relaxed)) crashes, \(failed) failed")
exit(failed == 0 ? 0 : 1)
