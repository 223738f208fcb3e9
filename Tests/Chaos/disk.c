// A disk and a clock that fail on command, for `make chaos`.
//
//   cc -shared -fPIC -O2 -o disk.so disk.c -ldl -lpthread
//   CHAOS_ROOT=/data CHAOS_CONTROL=/control CHAOS_LOG=/log LD_PRELOAD=./disk.so convey serve ...
//
// Only files below CHAOS_ROOT are touched. CHAOS_CONTROL is a shared file of the size of `struct control`; chaos.py (class
// Disk) writes orders into it while the process runs. Every write, truncation, rename, removal and successful sync is
// appended to CHAOS_LOG, so that the files can be rebuilt as a power failure would have left them. SQLite's -shm files are left
// out: they live in memory and are rebuilt from the WAL.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

struct control {
    volatile int64_t clock_offset_ns;  // added to CLOCK_REALTIME
    volatile int64_t kill_at_write;    // SIGKILL before that many more writes; 0 for never
    volatile int64_t kill_at_sync;     // the same for syncs
    volatile int64_t write_error;      // errno of every write until it is 0 again
    volatile int64_t sync_error;       // errno of the next sync
    volatile int64_t short_writes;     // every n-th write takes half its bytes
    volatile int64_t sync_delay_us;    // before each sync
    volatile int64_t writes, syncs;    // counted
    volatile int64_t only_shard;       // errors and delays are for the files of shard `only_shard - 1` alone; 0 for all files
};

static struct control nothing, *control = &nothing;
static char root[PATH_MAX];
static size_t root_length;
static int log_file = -1;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

// The file of a descriptor: its path below the root, "" for another file, or NULL if not looked up yet.
enum { DESCRIPTORS = 65536 };
static char *paths[DESCRIPTORS];

__attribute__((constructor)) static void start(void) {
    const char *r = getenv("CHAOS_ROOT"), *c = getenv("CHAOS_CONTROL"), *l = getenv("CHAOS_LOG");
    if (r && realpath(r, root)) root_length = strlen(root);
    if (c) {
        int file = open(c, O_RDWR | O_CLOEXEC);
        void *map = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        if (map != MAP_FAILED) control = map;
    }
    if (l) log_file = open(l, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
}

#define REAL(name) \
    static __typeof__(name) *real; \
    if (!real) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

static int is_ours(const char *path) {
    size_t length = strlen(path);
    if (!root_length || strncmp(path, root, root_length) || path[root_length] != '/') return 0;
    return length < 4 || strcmp(path + length - 4, "-shm");
}

// Called with the mutex held.
static const char *path_of(int fd) {
    if (fd < 0 || fd >= DESCRIPTORS || !root_length) return NULL;
    if (!paths[fd]) {
        char link[64], target[PATH_MAX];
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        ssize_t length = readlink(link, target, sizeof target - 1);
        if (length < 0) return NULL;
        target[length] = 0;
        paths[fd] = strdup(is_ours(target) ? target + root_length + 1 : "");
    }
    return paths[fd] && *paths[fd] ? paths[fd] : NULL;
}

// A log entry: operation, length of the path, offset, length of the bytes; then path and bytes.
static void note(char operation, const char *path, int64_t offset, const void *bytes, size_t length) {
    if (log_file < 0) return;
    struct __attribute__((packed)) {
        char operation;
        uint16_t path_length;
        int64_t offset;
        uint32_t length;
    } head = {operation, (uint16_t)strlen(path), offset, (uint32_t)length};
    struct iovec parts[3] = {{&head, sizeof head}, {(void *)path, head.path_length}, {(void *)bytes, length}};
    syscall(SYS_writev, log_file, parts, 3);
}

static void die_if_due(volatile int64_t *left) {
    if (*left > 0 && --*left == 0) syscall(SYS_kill, getpid(), SIGKILL), pause();
}

// Whether orders apply to a file: `journal.db` and its WAL belong to the first shard, `journal-1.db` to the next.
static int is_meant(const char *path) {
    if (!control->only_shard) return 1;
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    int shard = 0;
    sscanf(name, "journal-%d.db", &shard);
    return shard == control->only_shard - 1;
}

// The planned result of a write to one of our files: -1 with errno, or the number of bytes to write.
static ssize_t admit(const char *path, size_t length) {
    control->writes++;
    die_if_due(&control->kill_at_write);
    if (control->write_error && is_meant(path)) return errno = (int)control->write_error, -1;
    if (control->short_writes && length > 1 && control->writes % control->short_writes == 0) return (ssize_t)(length / 2);
    return (ssize_t)length;
}

static ssize_t write_at(int fd, const void *bytes, size_t length, int64_t offset) {
    pthread_mutex_lock(&mutex);
    const char *path = path_of(fd);
    ssize_t result;
    if (!path) {
        pthread_mutex_unlock(&mutex);
        return offset < 0 ? syscall(SYS_write, fd, bytes, length) : syscall(SYS_pwrite64, fd, bytes, length, offset);
    }
    result = admit(path, length);
    if (result >= 0) {
        int64_t at = offset >= 0 ? offset : lseek(fd, 0, fcntl(fd, F_GETFL) & O_APPEND ? SEEK_END : SEEK_CUR);
        result = offset < 0 ? syscall(SYS_write, fd, bytes, result) : syscall(SYS_pwrite64, fd, bytes, result, offset);
        if (result > 0) note('w', path, at, bytes, (size_t)result);
    }
    int code = errno;
    pthread_mutex_unlock(&mutex);
    errno = code;
    return result;
}

ssize_t write(int fd, const void *bytes, size_t length) { return write_at(fd, bytes, length, -1); }
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) { return write_at(fd, bytes, length, offset); }
ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset) {
    return write_at(fd, bytes, length, offset);
}

static int sync_file(int fd, int (*real)(int)) {
    pthread_mutex_lock(&mutex);
    const char *known = path_of(fd);
    char path[PATH_MAX] = "";
    if (known) snprintf(path, sizeof path, "%s", known);
    int64_t error = 0;
    int is_ordered = known && is_meant(known);
    if (known) {
        control->syncs++;
        die_if_due(&control->kill_at_sync);
    }
    if (is_ordered) {
        error = control->sync_error;
        control->sync_error = 0;
    }
    pthread_mutex_unlock(&mutex);
    if (is_ordered && control->sync_delay_us) usleep((useconds_t)control->sync_delay_us);
    if (error) return errno = (int)error, -1;
    int result = real(fd);
    if (result == 0 && *path) {
        pthread_mutex_lock(&mutex);
        note('s', path, 0, NULL, 0);
        pthread_mutex_unlock(&mutex);
    }
    return result;
}

int fsync(int fd) { REAL(fsync); return sync_file(fd, real); }
int fdatasync(int fd) { REAL(fdatasync); return sync_file(fd, real); }

static int truncate_file(int fd, int64_t size) {
    pthread_mutex_lock(&mutex);
    const char *path = path_of(fd);
    int result = (int)syscall(SYS_ftruncate, fd, size);
    if (result == 0 && path) note('t', path, size, NULL, 0);
    pthread_mutex_unlock(&mutex);
    return result;
}

int ftruncate(int fd, off_t size) { return truncate_file(fd, size); }
int ftruncate64(int fd, off64_t size) { return truncate_file(fd, size); }

int posix_fallocate(int fd, off_t offset, off_t length) {
    struct stat now;
    if (fstat(fd, &now) != 0) return errno;
    if (now.st_size < offset + length && truncate_file(fd, offset + length) != 0) return errno;
    return 0;
}
int posix_fallocate64(int fd, off64_t offset, off64_t length) { return posix_fallocate(fd, offset, length); }

int unlink(const char *path) {
    REAL(unlink);
    char whole[PATH_MAX];
    const char *ours = realpath(path, whole) && is_ours(whole) ? whole + root_length + 1 : NULL;
    int result = real(path);
    if (result == 0 && ours) {
        pthread_mutex_lock(&mutex);
        note('u', ours, 0, NULL, 0);
        pthread_mutex_unlock(&mutex);
    }
    return result;
}

int rename(const char *from, const char *to) {
    REAL(rename);
    char old[PATH_MAX], new[PATH_MAX];
    int is_known = realpath(from, old) && is_ours(old);
    int result = real(from, to);
    if (result == 0 && is_known && realpath(to, new) && is_ours(new)) {
        pthread_mutex_lock(&mutex);
        note('r', old + root_length + 1, 0, new + root_length + 1, strlen(new) - root_length - 1);
        pthread_mutex_unlock(&mutex);
    }
    return result;
}

int close(int fd) {
    pthread_mutex_lock(&mutex);
    if (fd >= 0 && fd < DESCRIPTORS && paths[fd]) free(paths[fd]), paths[fd] = NULL;
    pthread_mutex_unlock(&mutex);
    return (int)syscall(SYS_close, fd);
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    int result = (int)syscall(SYS_clock_gettime, clock, time);
    int64_t offset = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE ? control->clock_offset_ns : 0;
    if (result == 0 && offset) {
        int64_t nanoseconds = time->tv_nsec + offset % 1000000000;
        time->tv_sec += offset / 1000000000 + (nanoseconds >= 1000000000) - (nanoseconds < 0);
        time->tv_nsec = nanoseconds - (nanoseconds >= 1000000000 ? 1000000000 : 0) + (nanoseconds < 0 ? 1000000000 : 0);
    }
    return result;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone) {
    (void)zone;
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0) return -1;
    time->tv_sec = now.tv_sec;
    time->tv_usec = now.tv_nsec / 1000;
    return 0;
}
