import Dispatch
import Glibc
import SimulationKit
import Synchronization

let usage = """
    usage: simulate [COUNT]        run the seeds 0..<COUNT (default 10000)
           simulate --seed SEED    run one seed
    """

/// What all seeds did together.
struct Totals: ~Copyable {
    let steps = Atomic(0)
    let crashes = Atomic(0)
    let shardFailures = Atomic(0)
    let zombies = Atomic(0)
    let broken = Atomic(0)
    let done = Atomic(0)
}

/// Runs one seed; prints a promise that was not kept.
func run(seed: UInt64, _ totals: borrowing Totals) {
    do {
        var simulation = try Simulation(seed: seed)
        try simulation.run()
        totals.steps.add(simulation.steps, ordering: .relaxed)
        totals.crashes.add(simulation.crashes, ordering: .relaxed)
        totals.shardFailures.add(simulation.shardFailures, ordering: .relaxed)
        totals.zombies.add(simulation.zombies, ordering: .relaxed)
        if seeds.count == 1 { print("seed \(seed) has \(simulation.shardCount) shards") }
    } catch {
        totals.broken.add(1, ordering: .relaxed)
        print("FAILED \(error)  (again: make simulate SEED=\(seed))")
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

let totals = Totals()
let total = Int(seeds.count)
DispatchQueue.concurrentPerform(iterations: total) { index in
    run(seed: seeds.lowerBound + UInt64(index), totals)
    let count = totals.done.add(1, ordering: .relaxed).newValue
    if count % 1_000 == 0 {
        print("\(count) of \(total) seeds")
        fflush(nil)
    }
}
let broken = totals.broken.load(ordering: .relaxed)
print(
    "seeds \(seeds.lowerBound)..<\(seeds.upperBound): \(totals.steps.load(ordering: .relaxed)) steps, "
        + "\(totals.crashes.load(ordering: .relaxed)) crashes, "
        + "\(totals.shardFailures.load(ordering: .relaxed)) failures of one shard among several, "
        + "\(totals.zombies.load(ordering: .relaxed)) awakenings of a node that had lost its shard, \(broken) failed")
exit(broken == 0 ? 0 : 1)
