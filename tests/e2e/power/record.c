/* Records every change that a process makes to the files of one folder, in order, with the bytes.
 *
 * Loaded with LD_PRELOAD. POWER_LOSS_FOLDER names the folder (absolute and canonical), POWER_LOSS_LOG the log, which
 * lies outside of it. `log.py` reads the log.
 *
 * Instead of wrapping functions of libc, this installs a seccomp filter that turns each system call that can change a
 * file into SIGSYS; the handler makes the call and logs it. So programs that make system calls without libc (the
 * crate rustix does) are seen too, and there is one place per call instead of one per variant of it. The calls of the
 * handler itself come from a page at a fixed address, which the filter lets through. A child process inherits the
 * filter and loads this library again.
 *
 * One lock is held over the call and its record, so the order in the log is the order of the effects. A sync is logged
 * when it begins and when it ends, and the lock is free in between. sync_file_range is not looked at: it makes nothing
 * durable. Writes to sockets are logged too, without their bytes: they are how a server acknowledges.
 */
#define _GNU_SOURCE
#include "trap.h"
#include <errno.h>
#include <linux/openat2.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <ucontext.h>

enum { CREATE = 1, WRITE, TRUNCATE, ALLOCATE, RENAME, LINK, UNLINK, MKDIR, RMDIR, SYMLINK, CHMOD,
       SYNC_BEGIN, SYNC_END, SYNC_ALL_BEGIN, SYNC_ALL_END, PROBLEM, ANSWER_BEGIN };

/* The layout is repeated in log.py. */
struct head {
    uint32_t size; /* of the whole record */
    uint16_t kind, first, second, flags;
    uint32_t mode;
    uint64_t inode, parent, target, offset, length;
} __attribute__((packed));

struct place { /* a name in a folder */
    char path[PATH]; /* canonical, and below the recorded folder when `inside` */
    uint64_t parent;
    int inside;
};

static char folder[PATH];
static size_t folder_length;
static int log_fd = -1;
static volatile int busy;

/* The flag keeps out other threads, the file lock other processes. */
static void lock(void) {
    while (__atomic_exchange_n(&busy, 1, __ATOMIC_ACQUIRE)) CALL(SYS_sched_yield);
    while (CALL(SYS_flock, log_fd, LOCK_EX) == -EINTR) {}
}

static void unlock(void) {
    CALL(SYS_flock, log_fd, LOCK_UN);
    __atomic_store_n(&busy, 0, __ATOMIC_RELEASE);
}

static void append(const void *bytes, size_t size) {
    const char *at = bytes;
    while (size) {
        long done = CALL(SYS_write, log_fd, at, size);
        if (done <= 0) fail("the log cannot be written");
        at += done, size -= done;
    }
}

static void entry(struct head head, const char *first, const char *second) {
    char record[sizeof head + 2 * PATH];
    head.first = first ? strlen(first) : 0;
    head.second = second ? strlen(second) : 0;
    size_t size = sizeof head + head.first + head.second;
    head.size = size + (head.kind == WRITE ? head.length : 0);
    memcpy(record, &head, sizeof head);
    if (head.first) memcpy(record + sizeof head, first, head.first);
    if (head.second) memcpy(record + sizeof head + head.first, second, head.second);
    append(record, size);
}

/* What the recorder cannot follow is in the log, and the suite fails on it. */
static void problem(const char *what, const char *path) {
    entry((struct head){.kind = PROBLEM}, path, what);
}

static int below(const char *path) {
    return strncmp(path, folder, folder_length) == 0 && (path[folder_length] == '/' || path[folder_length] == 0);
}

static void name_of(int fd, char name[32]) {
    char digits[12];
    int n = 0, at = 14;
    memcpy(name, "/proc/self/fd/", at);
    do digits[n++] = '0' + fd % 10; while (fd /= 10);
    while (n) name[at++] = digits[--n];
    name[at] = 0;
}

static int path_of(int fd, char *path) {
    char link[32];
    if (fd < 0) return 0;
    name_of(fd, link);
    long length = CALL(SYS_readlinkat, AT_FDCWD, link, path, PATH - 1);
    path[length > 0 ? length : 0] = 0;
    return length > 0;
}

/* A program acknowledges by writing to a socket: nothing that is logged later was done when the other side read it. */
static void mark(const char *path) {
    if (strncmp(path, "socket:", 7)) return;
    lock();
    entry((struct head){.kind = ANSWER_BEGIN}, NULL, NULL);
    unlock();
}

/* A regular file or folder below the recorded folder, also one that lost its name; 0 for anything else. */
static uint64_t tracked(int fd, char *path, mode_t *mode) {
    struct stat stat;
    if (!path_of(fd, path) || !below(path) || CALL(SYS_newfstatat, fd, "", &stat, AT_EMPTY_PATH)) return 0;
    if (mode) *mode = stat.st_mode;
    return S_ISREG(stat.st_mode) || S_ISDIR(stat.st_mode) ? stat.st_ino : 0;
}

static uint64_t inode_at(const char *path, mode_t *mode) {
    struct stat stat;
    if (CALL(SYS_newfstatat, AT_FDCWD, path, &stat, AT_SYMLINK_NOFOLLOW)) return 0;
    if (mode) *mode = stat.st_mode;
    return stat.st_ino;
}

static void locate(int at, const char *path, struct place *place) {
    char parent[PATH];
    struct stat stat;
    size_t length = strnlen(path, PATH);
    place->inside = 0;
    while (length > 1 && path[length - 1] == '/') length--;
    if (length == 0 || length >= PATH) return;
    size_t name = length;
    while (name && path[name - 1] != '/') name--;
    memcpy(parent, path, name);
    if (!name) parent[name++] = '.';
    parent[name] = 0;
    if (parent[0] == '.' && name == 1) name = 0;
    int fd = CALL(SYS_openat, at, parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return;
    int found = path_of(fd, place->path) && !CALL(SYS_newfstatat, fd, "", &stat, AT_EMPTY_PATH);
    CALL(SYS_close, fd);
    size_t used = strlen(place->path);
    if (!found || !below(place->path) || used + length - name + 2 > PATH) return;
    place->path[used++] = '/';
    memcpy(place->path + used, path + name, length - name);
    place->path[used + length - name] = 0;
    place->parent = stat.st_ino;
    place->inside = 1;
}

/* The end of the file position is where a write ended, wherever it began. */
static void wrote(int fd, uint64_t inode, const char *path, long offset, const struct iovec *parts, int count, long done) {
    struct head head = {.kind = WRITE, .inode = inode, .length = done};
    head.offset = offset >= 0 ? offset : CALL(SYS_lseek, fd, 0, SEEK_CUR) - done;
    entry(head, path, NULL);
    for (int i = 0; i < count && done > 0; i++) {
        long part = parts[i].iov_len < (size_t)done ? (long)parts[i].iov_len : done;
        append(parts[i].iov_base, part);
        done -= part;
    }
}

/* Bytes that the kernel moved from file to file are read back. */
static void moved(int fd, uint64_t inode, const char *path, long offset, long done) {
    char bytes[16384], name[32];
    name_of(fd, name);
    int in = CALL(SYS_openat, AT_FDCWD, name, O_RDONLY | O_CLOEXEC);
    if (in < 0) fail("bytes that were moved cannot be read back");
    struct head head = {.kind = WRITE, .inode = inode, .length = done};
    head.offset = offset >= 0 ? offset : CALL(SYS_lseek, fd, 0, SEEK_CUR) - done;
    entry(head, path, NULL);
    for (uint64_t from = head.offset; done > 0;) {
        long got = CALL(SYS_pread64, in, bytes, done < (long)sizeof bytes ? done : (long)sizeof bytes, from);
        if (got <= 0) fail("bytes that were moved cannot be read back");
        append(bytes, got);
        from += got, done -= got;
    }
    CALL(SYS_close, in);
}

static long on_write(long nr, long *a, const struct iovec *parts, int count, long offset) {
    char path[PATH];
    mode_t mode;
    uint64_t inode = tracked(a[0], path, &mode);
    if (!inode) {
        mark(path);
        return CALL(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
    }
    lock();
    long done = CALL(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
    if (done > 0) {
        long flags = CALL(SYS_fcntl, a[0], F_GETFL);
        if (flags & O_DSYNC) problem("opened with O_SYNC or O_DSYNC", path);
        if (offset >= 0 && flags & O_APPEND) problem("a write at an offset to a file opened with O_APPEND", path);
        wrote(a[0], inode, path, offset, parts, count, done);
    }
    unlock();
    return done;
}

static long on_move(long nr, long *a, int out, loff_t *at) {
    char path[PATH];
    uint64_t inode = tracked(out, path, NULL);
    if (!inode) return CALL(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
    lock();
    long offset = at ? *at : -1;
    long done = CALL(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
    if (done > 0) moved(out, inode, path, offset, done);
    unlock();
    return done;
}

static long on_open(long nr, long *a, int at, const char *path, long flags, long mode) {
    struct place place;
    locate(at, path, &place);
    if (!place.inside) return CALL(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
    lock();
    struct stat stat;
    int before = (flags & O_TMPFILE) != O_TMPFILE && !CALL(SYS_newfstatat, AT_FDCWD, place.path, &stat, AT_SYMLINK_NOFOLLOW);
    long fd = CALL(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
    if (fd >= 0) {
        char opened[PATH];
        mode_t now;
        uint64_t inode = tracked(fd, opened, &now);
        if ((flags & O_TMPFILE) == O_TMPFILE) {
            if (inode) entry((struct head){.kind = CREATE, .inode = inode, .mode = now}, NULL, NULL);
        } else if (strcmp(opened, place.path)) {
            problem("opened through a symbolic link", place.path);
        } else if (!before) {
            entry((struct head){.kind = CREATE, .inode = inode, .parent = place.parent, .mode = now}, place.path, NULL);
        } else if (flags & O_TRUNC && stat.st_size) {
            entry((struct head){.kind = TRUNCATE, .inode = inode}, place.path, NULL);
        }
    }
    (void)mode;
    unlock();
    return fd;
}

static long on_size(long nr, long *a) {
    char path[PATH];
    uint64_t inode = tracked(a[0], path, NULL);
    if (!inode) return CALL(nr, a[0], a[1], a[2], a[3]);
    lock();
    long done = CALL(nr, a[0], a[1], a[2], a[3]);
    if (done == 0 && nr == SYS_ftruncate) entry((struct head){.kind = TRUNCATE, .inode = inode, .length = a[1]}, path, NULL);
    else if (done == 0) entry((struct head){.kind = ALLOCATE, .inode = inode, .flags = a[1], .offset = a[2], .length = a[3]}, path, NULL);
    unlock();
    return done;
}

static long on_truncate(long *a) {
    struct place place;
    locate(AT_FDCWD, (const char *)a[0], &place);
    if (!place.inside) return CALL(SYS_truncate, a[0], a[1]);
    lock();
    long done = CALL(SYS_truncate, a[0], a[1]);
    if (!done) entry((struct head){.kind = TRUNCATE, .inode = inode_at(place.path, NULL), .length = a[1]}, place.path, NULL);
    unlock();
    return done;
}

static long on_rename(long nr, long *a, int from_at, const char *from, int to_at, const char *to, unsigned flags) {
    struct place old, new;
    locate(from_at, from, &old), locate(to_at, to, &new);
    if (!old.inside && !new.inside) return CALL(nr, a[0], a[1], a[2], a[3], a[4]);
    lock();
    uint64_t inode = inode_at(old.inside ? old.path : from, NULL);
    long done = CALL(nr, a[0], a[1], a[2], a[3], a[4]);
    if (!done && (!old.inside || !new.inside)) problem("a rename into or out of the folder", old.inside ? old.path : new.path);
    else if (!done && flags & ~(unsigned)RENAME_NOREPLACE) problem("a rename with flags", old.path);
    else if (!done) entry((struct head){.kind = RENAME, .inode = inode, .parent = old.parent, .target = new.parent}, old.path, new.path);
    unlock();
    return done;
}

static long on_link(long nr, long *a, int from_at, const char *from, int to_at, const char *to, long flags) {
    struct place new;
    struct stat stat;
    locate(to_at, to, &new);
    if (!new.inside) return CALL(nr, a[0], a[1], a[2], a[3], a[4]);
    lock();
    long done = CALL(nr, a[0], a[1], a[2], a[3], a[4]);
    if (!done && !CALL(SYS_newfstatat, AT_FDCWD, new.path, &stat, AT_SYMLINK_NOFOLLOW))
        entry((struct head){.kind = LINK, .inode = stat.st_ino, .target = new.parent}, new.path, NULL);
    (void)from_at, (void)from, (void)flags;
    unlock();
    return done;
}

/* unlink, rmdir, mkdir, symlink: one name that comes or goes. */
static long on_name(long nr, long *a, int at, const char *path, int kind, const char *text) {
    struct place place;
    locate(at, path, &place);
    if (!place.inside) return CALL(nr, a[0], a[1], a[2]);
    lock();
    mode_t mode = 0;
    uint64_t inode = inode_at(place.path, NULL);
    long done = CALL(nr, a[0], a[1], a[2]);
    if (kind == MKDIR || kind == SYMLINK) inode = inode_at(place.path, &mode);
    if (!done) entry((struct head){.kind = kind, .inode = inode, .parent = place.parent, .mode = mode}, place.path, text);
    unlock();
    return done;
}

static long on_mode(long nr, long *a, int fd, int at, const char *path, long mode) {
    char opened[PATH];
    struct place place = {.inside = 0};
    uint64_t inode = 0;
    if (path) {
        locate(at, path, &place);
        if (place.inside) inode = inode_at(place.path, NULL);
    } else inode = tracked(fd, opened, NULL);
    if (!inode) return CALL(nr, a[0], a[1], a[2], a[3]);
    lock();
    long done = CALL(nr, a[0], a[1], a[2], a[3]);
    if (!done) entry((struct head){.kind = CHMOD, .inode = inode, .mode = mode}, path ? place.path : opened, NULL);
    unlock();
    return done;
}

static long on_sync(long nr, long *a) {
    char path[PATH];
    mode_t mode = 0;
    uint64_t inode = nr == SYS_sync ? 0 : tracked(a[0], path, &mode);
    int all = nr == SYS_sync || nr == SYS_syncfs;
    if (!inode && !all) return CALL(nr, a[0]);
    struct head head = {.kind = all ? SYNC_ALL_BEGIN : SYNC_BEGIN, .inode = inode, .mode = mode, .flags = nr == SYS_fdatasync};
    lock();
    entry(head, all ? NULL : path, NULL);
    head.offset = CALL(SYS_lseek, log_fd, 0, SEEK_CUR);
    unlock();
    long done = CALL(nr, a[0]);
    lock();
    head.kind++;
    if (!done) entry(head, all ? NULL : path, NULL);
    unlock();
    return done;
}

static long on_send(long nr, long *a) {
    mark("socket:");
    return CALL(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static long on_map(long *a) {
    char path[PATH];
    long done = CALL(SYS_mmap, a[0], a[1], a[2], a[3], a[4], a[5]);
    if (tracked(a[4], path, NULL)) {
        lock();
        problem("mapped shared and writable", path);
        unlock();
    }
    return done;
}

static long handle(long nr, long *a) {
    struct iovec one = {(void *)a[1], a[2]};
    switch (nr) {
    case SYS_write: return on_write(nr, a, &one, 1, -1);
    case SYS_pwrite64: return on_write(nr, a, &one, 1, a[3]);
    case SYS_writev: return on_write(nr, a, (void *)a[1], a[2], -1);
    case SYS_pwritev: return on_write(nr, a, (void *)a[1], a[2], a[3]);
    case SYS_pwritev2: return on_write(nr, a, (void *)a[1], a[2], a[3]);
    case SYS_copy_file_range: return on_move(nr, a, a[2], (void *)a[3]);
    case SYS_sendfile: return on_move(nr, a, a[0], NULL);
    case SYS_splice: return on_move(nr, a, a[2], (void *)a[3]);
    case SYS_openat: return on_open(nr, a, a[0], (void *)a[1], a[2], a[3]);
    case SYS_openat2: {
        struct open_how *how = (void *)a[2];
        if (!(how->flags & (O_CREAT | O_TRUNC))) return CALL(nr, a[0], a[1], a[2], a[3]);
        return on_open(nr, a, a[0], (void *)a[1], how->flags, how->mode);
    }
    case SYS_ftruncate: case SYS_fallocate: return on_size(nr, a);
    case SYS_truncate: return on_truncate(a);
    case SYS_renameat2: return on_rename(nr, a, a[0], (void *)a[1], a[2], (void *)a[3], a[4]);
    case SYS_linkat: return on_link(nr, a, a[0], (void *)a[1], a[2], (void *)a[3], a[4]);
    case SYS_unlinkat: return on_name(nr, a, a[0], (void *)a[1], a[2] & AT_REMOVEDIR ? RMDIR : UNLINK, NULL);
    case SYS_mkdirat: return on_name(nr, a, a[0], (void *)a[1], MKDIR, NULL);
    case SYS_symlinkat: return on_name(nr, a, a[1], (void *)a[2], SYMLINK, (void *)a[0]);
    case SYS_fchmod: return on_mode(nr, a, a[0], 0, NULL, a[1]);
    case SYS_fchmodat: return on_mode(nr, a, -1, a[0], (void *)a[1], a[2]);
    case SYS_fsync: case SYS_fdatasync: case SYS_sync: case SYS_syncfs: return on_sync(nr, a);
    case SYS_sendto: case SYS_sendmsg: return on_send(nr, a);
    case SYS_mmap: return on_map(a);
    case SYS_ioctl: return -EOPNOTSUPP;     /* clones of files: programs copy instead */
    case SYS_io_uring_setup: return -ENOSYS; /* writes that nobody sees: programs do without */
#ifdef SYS_renameat
    case SYS_renameat: return on_rename(nr, a, a[0], (void *)a[1], a[2], (void *)a[3], 0);
#endif
#ifdef SYS_open
    case SYS_open: return on_open(nr, a, AT_FDCWD, (void *)a[0], a[1], a[2]);
    case SYS_creat: return on_open(nr, a, AT_FDCWD, (void *)a[0], O_CREAT | O_TRUNC, a[1]);
    case SYS_rename: return on_rename(nr, a, AT_FDCWD, (void *)a[0], AT_FDCWD, (void *)a[1], 0);
    case SYS_link: return on_link(nr, a, AT_FDCWD, (void *)a[0], AT_FDCWD, (void *)a[1], 0);
    case SYS_unlink: return on_name(nr, a, AT_FDCWD, (void *)a[0], UNLINK, NULL);
    case SYS_rmdir: return on_name(nr, a, AT_FDCWD, (void *)a[0], RMDIR, NULL);
    case SYS_mkdir: return on_name(nr, a, AT_FDCWD, (void *)a[0], MKDIR, NULL);
    case SYS_symlink: return on_name(nr, a, AT_FDCWD, (void *)a[1], SYMLINK, (void *)a[0]);
    case SYS_chmod: return on_mode(nr, a, -1, AT_FDCWD, (void *)a[0], a[1]);
#endif
    }
    return -ENOSYS;
}

static void on_signal(int signal, siginfo_t *info, void *context) {
    ucontext_t *where = context;
    (void)signal;
#if defined(__x86_64__)
    greg_t *r = where->uc_mcontext.gregs;
    long a[6] = {r[REG_RDI], r[REG_RSI], r[REG_RDX], r[REG_R10], r[REG_R8], r[REG_R9]};
    r[REG_RAX] = handle(info->si_syscall, a);
#elif defined(__aarch64__)
    unsigned long long *r = where->uc_mcontext.regs;
    long a[6] = {r[0], r[1], r[2], r[3], r[4], r[5]};
    r[0] = handle(info->si_syscall, a);
#endif
}

__attribute__((constructor)) static void start(void) {
    const char *root = getenv("POWER_LOSS_FOLDER"), *log = getenv("POWER_LOSS_LOG");
    if (!root || !log) return;
    map_thunk();
    keep_own();
    folder_length = strlen(root);
    if (folder_length >= PATH) fail("the name of the folder is too long");
    memcpy(folder, root, folder_length + 1);
    int fd = CALL(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0) fail("the log cannot be opened");
    /* A high number, since programs expect the low ones to be theirs. */
    log_fd = CALL(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 900);
    if (log_fd < 0) log_fd = fd; else CALL(SYS_close, fd);
    install_filter(on_signal);
}
