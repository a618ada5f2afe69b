"""The essential attempts in C, which is C++ as well: files, network, processes, kernel."""

from __future__ import annotations

__all__ = ["C_SOURCE"]

C_SOURCE = r"""
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static char told[65536];

static void tell(const char *name, int through) {
    char line[200];
    snprintf(line, sizeof line, "%s=%s\n", name, through ? "THROUGH" : "held");
    strncat(told, line, sizeof told - strlen(told) - 1);
}

static int child(pid_t pid) {
    if (pid == 0) _exit(0);
    if (pid > 0) waitpid(pid, 0, 0);
    return pid > 0;
}

const char *attempts(const char *home, int victim, int tcp, const char *path_of_socket) {
    char path[4096], other[4096];
    struct sockaddr_in inet;
    struct sockaddr_un local;
    struct stat found;
    int handle;
    told[0] = 0;

    snprintf(path, sizeof path, "%s/.ssh/id_rsa", home);
    handle = open(path, O_RDONLY);
    tell("read a secret", handle >= 0);
    handle = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY, 0);
    tell("read a secret by openat", handle >= 0);
    tell("read a secret by stdio", fopen(path, "r") != 0);
    snprintf(path, sizeof path, "%s/victim.txt", home);
    tell("open for writing", open(path, O_WRONLY) >= 0);
    tell("truncate", truncate(path, 0) == 0);
    tell("change the mode", chmod(path, 0600) == 0);
    tell("change the times", utimensat(AT_FDCWD, path, 0, 0) == 0);
    snprintf(path, sizeof path, "%s/victim2.txt", home);
    tell("delete", unlink(path) == 0);
    snprintf(path, sizeof path, "%s/victim3.txt", home);
    snprintf(other, sizeof other, "%s/moved.txt", home);
    tell("rename", rename(path, other) == 0);
    snprintf(path, sizeof path, "%s/new", home);
    tell("make a file", open(path, O_CREAT | O_WRONLY, 0600) >= 0);
    snprintf(path, sizeof path, "%s/directory", home);
    tell("make a directory", mkdir(path, 0700) == 0);

    memset(&inet, 0, sizeof inet);
    inet.sin_family = AF_INET;
    inet.sin_port = htons(tcp);
    inet.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    handle = socket(AF_INET, SOCK_STREAM, 0);
    tell("connect by TCP", handle >= 0 && connect(handle, (struct sockaddr *)&inet, sizeof inet) == 0);
    handle = socket(AF_INET, SOCK_DGRAM, 0);
    tell("open a UDP socket", handle >= 0);
    memset(&local, 0, sizeof local);
    local.sun_family = AF_UNIX;
    strncpy(local.sun_path, path_of_socket, sizeof local.sun_path - 1);
    handle = socket(AF_UNIX, SOCK_STREAM, 0);
    tell("connect to a unix socket", handle >= 0 && connect(handle, (struct sockaddr *)&local, sizeof local) == 0);

    tell("fork", child(fork()));
    tell("vfork by clone", child((pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0)));
    tell("a shell", system("true") == 0);
    tell("popen", popen("true", "r") != 0);
    tell("ask whether a process lives", kill(victim, 0) == 0);
    tell("stop a process", kill(victim, SIGSTOP) == 0);
    tell("slow a process down", setpriority(PRIO_PROCESS, victim, 19) == 0);
    tell("memory without a file", syscall(SYS_memfd_create, "x", 0) >= 0);
    tell("io_uring", syscall(425, 4, told + 40000) >= 0);
    tell("a new user namespace", syscall(SYS_unshare, 0x10000000) == 0);
    tell("liveness", stat(".", &found) == 0 || errno == EPERM);
    return told;
}
"""
