/* How the recorder gets to see system calls: a seccomp filter, and a page from which the recorder's own calls pass it.
 *
 * Must not live here: what is recorded.
 */
#ifndef TRAP_H
#define TRAP_H
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PATH 4096
/* Far from where Linux places programs, libraries and heaps. */
#define THUNK 0x5eed00000000ull

typedef long (*thunk_fn)(long, long, long, long, long, long, long);
static thunk_fn thunk = (thunk_fn)THUNK;
#define CALL(nr, ...) CALL_(nr, ##__VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define CALL_(nr, a, b, c, d, e, f, ...) thunk((long)(nr), (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

static void fail(const char *why) {
    CALL(SYS_write, 2, "record.c: ", 10);
    CALL(SYS_write, 2, why, strlen(why));
    CALL(SYS_write, 2, "\n", 1);
    CALL(SYS_exit_group, 86);
}

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
static const unsigned char code[] = {0x48, 0x89, 0xf8, 0x48, 0x89, 0xf7, 0x48, 0x89, 0xd6, 0x48, 0x89, 0xca, 0x4d, 0x89,
                                     0xc2, 0x4d, 0x89, 0xc8, 0x4c, 0x8b, 0x4c, 0x24, 0x08, 0x0f, 0x05, 0xc3};
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
static const uint32_t code[] = {0xaa0003e8, 0xaa0103e0, 0xaa0203e1, 0xaa0303e2, 0xaa0403e3,
                                0xaa0503e4, 0xaa0603e5, 0xd4000001, 0xd65f03c0};
#else
#error "the recorder knows x86_64 and aarch64"
#endif

/* Places the code of the recorder's own calls, the same in every process. */
static void map_thunk(void) {
    void *page = mmap((void *)THUNK, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (page != (void *)THUNK) _exit(86);
    memcpy(page, code, sizeof code);
    if (mprotect(page, 4096, PROT_READ | PROT_EXEC)) _exit(86);
    __builtin___clear_cache((char *)page, (char *)page + sizeof code);
}

/* A child that is started with an environment of its own must load this library too: the filter stays with it, and
 * without a handler its first write would end it. */
static char own[3][PATH + 32];

static void keep_own(void) {
    const char *names[] = {"LD_PRELOAD", "POWER_LOSS_FOLDER", "POWER_LOSS_LOG"};
    for (int i = 0; i < 3; i++)
        if (getenv(names[i])) snprintf(own[i], sizeof own[i], "%s=%s", names[i], getenv(names[i]));
}

static char **with_own(char *const *environment, char **room, size_t size) {
    size_t n = 0;
    for (; environment && *environment && n + 4 < size; environment++)
        if (strncmp(*environment, "LD_PRELOAD=", 11) && strncmp(*environment, "POWER_LOSS_", 11)) room[n++] = *environment;
    for (int i = 0; i < 3; i++) if (own[i][0]) room[n++] = own[i];
    room[n] = NULL;
    return room;
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attributes,
                char *const argv[], char *const envp[]) {
    char *room[1024];
    return NEXT(posix_spawn)(pid, path, actions, attributes, argv, with_own(envp, room, 1024));
}

int posix_spawnp(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attributes,
                 char *const argv[], char *const envp[]) {
    char *room[1024];
    return NEXT(posix_spawnp)(pid, path, actions, attributes, argv, with_own(envp, room, 1024));
}

int execve(const char *path, char *const argv[], char *const envp[]) {
    char *room[1024];
    return NEXT(execve)(path, argv, with_own(envp, room, 1024));
}

int execvp(const char *path, char *const argv[]) {
    char *room[1024];
    return execvpe(path, argv, with_own(environ, room, 1024));
}

#define DATA(field) offsetof(struct seccomp_data, field)
#define LOAD(at) filter[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, at)
#define JUMP(test, value, yes, no) filter[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | test | BPF_K, value, yes, no)
#define ANSWER(what) filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, what)

static void install_filter(void (*on_signal)(int, siginfo_t *, void *)) {
    struct sigaction action = {.sa_flags = SA_SIGINFO | SA_RESTART};
    action.sa_sigaction = on_signal;
    sigfillset(&action.sa_mask);
    if (sigaction(SIGSYS, &action, NULL)) fail("SIGSYS cannot be handled");
    static const int always[] = {
        SYS_write, SYS_pwrite64, SYS_writev, SYS_pwritev, SYS_pwritev2, SYS_copy_file_range, SYS_sendfile, SYS_splice,
        SYS_openat2, SYS_ftruncate, SYS_fallocate, SYS_truncate, SYS_renameat2, SYS_linkat, SYS_unlinkat, SYS_mkdirat,
        SYS_symlinkat, SYS_fchmod, SYS_fchmodat, SYS_fsync, SYS_fdatasync, SYS_sync, SYS_syncfs, SYS_io_uring_setup, SYS_sendto,
        SYS_sendmsg,
#ifdef SYS_renameat
        SYS_renameat,
#endif
#ifdef SYS_open
        SYS_creat, SYS_rename, SYS_link, SYS_unlink, SYS_rmdir, SYS_mkdir, SYS_symlink, SYS_chmod,
#endif
    };
    const uint32_t creates = O_CREAT | O_TRUNC | (O_TMPFILE & ~O_DIRECTORY);
    struct sock_filter filter[160];
    int n = 0;
    LOAD(DATA(arch));
    JUMP(BPF_JEQ, ARCH, 1, 0);
    ANSWER(SECCOMP_RET_ALLOW);
    LOAD(DATA(instruction_pointer) + 4);
    JUMP(BPF_JEQ, THUNK >> 32, 0, 3);
    LOAD(DATA(instruction_pointer));
    JUMP(BPF_JGE, (uint32_t)THUNK + 4096, 1, 0);
    ANSWER(SECCOMP_RET_ALLOW);
    LOAD(DATA(nr));
    for (size_t i = 0; i < sizeof always / sizeof *always; i++) {
        JUMP(BPF_JEQ, always[i], 0, 1);
        ANSWER(SECCOMP_RET_TRAP);
    }
    JUMP(BPF_JEQ, SYS_openat, 0, 3);
    LOAD(DATA(args[2]));
    JUMP(BPF_JSET, creates, 0, 1);
    ANSWER(SECCOMP_RET_TRAP);
    LOAD(DATA(nr));
#ifdef SYS_open
    JUMP(BPF_JEQ, SYS_open, 0, 3);
    LOAD(DATA(args[1]));
    JUMP(BPF_JSET, creates, 0, 1);
    ANSWER(SECCOMP_RET_TRAP);
    LOAD(DATA(nr));
#endif
    JUMP(BPF_JEQ, SYS_mmap, 0, 5);
    LOAD(DATA(args[2]));
    JUMP(BPF_JSET, PROT_WRITE, 0, 3);
    LOAD(DATA(args[3]));
    JUMP(BPF_JSET, MAP_SHARED, 0, 1);
    ANSWER(SECCOMP_RET_TRAP);
    LOAD(DATA(nr));
    JUMP(BPF_JEQ, SYS_ioctl, 0, 4);
    LOAD(DATA(args[1]));
    JUMP(BPF_JEQ, (uint32_t)FICLONE, 1, 0);
    JUMP(BPF_JEQ, (uint32_t)FICLONERANGE, 0, 1);
    ANSWER(SECCOMP_RET_TRAP);
    ANSWER(SECCOMP_RET_ALLOW);
    struct sock_fprog program = {n, filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program))
        fail("the seccomp filter cannot be installed");
}

#endif
