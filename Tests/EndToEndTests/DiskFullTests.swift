import Foundation
import Glibc
import TestSupport
import Testing

/// A small file system of its own.
final class SmallDisk {
    let path: String
    private var ballast: String { path + "/ballast" }

    /// Nil if this user may not mount one.
    init?(megabytes: Int) throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("convey-disk-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        guard mount("convey-test", path, "tmpfs", 0, "size=\(megabytes)m") == 0 else {
            rmdir(path)
            return nil
        }
    }

    deinit {
        umount2(path, Int32(MNT_DETACH))
        rmdir(path)
    }

    func addBallast(megabytes: Int) throws {
        guard FileManager.default.createFile(atPath: ballast, contents: Data(count: megabytes << 20)) else {
            throw TestSupportError("no room for \(megabytes) MB at \(path)")
        }
    }

    func setReadOnly(_ isReadOnly: Bool) throws {
        let flags = UInt(MS_REMOUNT) | (isReadOnly ? UInt(MS_RDONLY) : 0)
        guard mount("convey-test", path, "tmpfs", flags, nil) == 0 else {
            throw TestSupportError("cannot remount \(path)")
        }
    }

    /// Fills the file system to the last byte.
    func fill() throws {
        let file = open(ballast, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        guard file >= 0 else { throw TestSupportError("cannot write \(ballast)") }
        defer { close(file) }
        let zeros = [UInt8](repeating: 0, count: 4_096)
        while write(file, zeros, zeros.count) > 0 {}
    }

    func removeBallast() throws { try FileManager.default.removeItem(atPath: ballast) }
}

extension UnderLoad {
    @Suite("Full disk")
    struct DiskFullTests {
        @Test(
            "A full disk stops acknowledgements, not the process; with space again it continues and nothing is lost",
            .timeLimit(.minutes(2)))
        func goesOn() async throws {
            guard let disk = try SmallDisk(megabytes: 32) else {
                print("SKIPPED: a full disk is not tested, because this user may not mount a tmpfs")
                return
            }
            try disk.addBallast(megabytes: 24)
            let deployment = try Deployment(dataDirectory: disk.path + "/data")
            let relay = try TCPRelay(to: deployment.broker.port)
            deployment.brokerPort = relay.port
            try await deployment.start()
            let client = try await deployment.client()
            let journal = try JournalFile(deployment.journal)
            let recorded = "SELECT count(*) FROM journal WHERE type = 'conv.in.note.taken'"

            var published = 0
            while deployment.isReady {
                guard published < 20_000 else { throw TestSupportError("the disk does not get full") }
                try await client.publishMany((published..<(published + 100)).map { Self.note($0).message })
                published += 100
            }
            try await eventually("readiness tells of the full disk; \(deployment.readiness)") {
                deployment.readiness.contains("free space on this disk")
            }
            #expect(deployment.readiness.contains(#""missing":["journal""#))
            #expect(relay.count(.puback, .fromClient) <= (try journal.number(recorded)))
            try await client.publishMany((published..<(published + 100)).map { Self.note($0).message })
            published += 100
            // It retries now and then; each failure is counted.
            let failures = deployment.metric("convey_commit_failures_total")
            try await eventually("two further attempts", seconds: 30) {
                deployment.metric("convey_commit_failures_total") >= failures + 2
            }
            #expect(relay.count(.puback, .fromClient) <= (try journal.number(recorded)))
            #expect(try journal.number(recorded) < published)
            #expect(deployment.process?.ended == nil)

            try disk.removeBallast()
            try await deployment.waitUntilReady()
            try await eventually("everything is recorded and at rest", seconds: 60) {
                try journal.number(recorded) >= published && JournalAudit.isAtRest(journal)
            }
            #expect(try journal.number(recorded) == published)
            try JournalAudit.expectSound(journal, isAtRest: true)
            #expect(try await deployment.terminate() == .exited(0))
            await client.stop()
            relay.stop()
        }

        @Test(
            "A start on a full disk waits for space: readiness says why, a stop ends it, and with space it continues",
            .timeLimit(.minutes(2)), arguments: [true, false])
        func startWaits(hasJournal: Bool) async throws {
            guard let disk = try SmallDisk(megabytes: 8) else {
                print("SKIPPED: a full disk is not tested, because this user may not mount a tmpfs")
                return
            }
            let deployment = try Deployment(dataDirectory: disk.path + "/data")
            if hasJournal {
                try await deployment.start()
                #expect(try await deployment.terminate() == .exited(0))
            }
            try disk.fill()
            try deployment.launch()
            try await eventually("readiness tells of the full disk; \(deployment.readiness)") {
                deployment.readiness.contains("free space on this disk")
            }
            #expect(!deployment.isReady)
            try await eventually("it tries again") { deployment.metric("convey_commit_failures_total") >= 2 }
            #expect(try await deployment.terminate() == .exited(0))

            try deployment.launch()
            try await eventually("it waits again") { deployment.readiness.contains("free space on this disk") }
            try disk.removeBallast()
            try await deployment.waitUntilReady()
            let client = try await ReceiptClient(deployment)
            #expect(try await client.publish(Self.note(1)).status == "recorded")
            await client.stop()
            #expect(try await deployment.terminate() == .exited(0))
        }

        @Test(
            "A start on a read-only disk, or with a locked journal, waits and then continues",
            .timeLimit(.minutes(2)), arguments: ["read-only", "locked"])
        func startWaits(way: String) async throws {
            guard let disk = try SmallDisk(megabytes: 32) else {
                print("SKIPPED: a read-only disk is not tested, because this user may not mount a tmpfs")
                return
            }
            let deployment = try Deployment(dataDirectory: disk.path + "/data")
            try await deployment.start()
            #expect(try await deployment.terminate() == .exited(0))
            var locked: JournalFile?
            if way == "locked" {
                locked = try JournalFile(deployment.journal, canLock: true)
                try locked?.lock()
            } else {
                try disk.setReadOnly(true)
            }
            try deployment.launch()
            let words = way == "locked" ? "write lock" : "Read-only file system"
            try await eventually("readiness says why; \(deployment.readiness)", seconds: 40) {
                deployment.readiness.contains(words)
            }
            #expect(deployment.process?.ended == nil)
            if way == "locked" { try locked?.unlock() } else { try disk.setReadOnly(false) }
            try await deployment.waitUntilReady()
            #expect(try await deployment.terminate() == .exited(0))
        }

        private static let text = String(repeating: "x", count: 2_000)

        private static func note(_ number: Int) -> OwnSignal {
            OwnSignal(
                subject: "disk-\(number % 10)", source: "/test", id: "d\(number)", type: "conv.in.note.taken",
                content: text)
        }
    }
}
