// SPDX-License-Identifier: MIT
//
// I/O objects: sockets. Only this test needs them, so it loads them itself.
#include <winsock2.h>

#include "io_log.h"

#include <string.h>

static struct io_log done;

#define SOCKET_FUNCTIONS(FUNCTION)                                                                                     \
    FUNCTION(int, WSAStartup, (WORD, WSADATA *))                                                                       \
    FUNCTION(SOCKET, WSASocketA, (int, int, int, void *, unsigned, DWORD))                                             \
    FUNCTION(int, bind, (SOCKET, const struct sockaddr *, int))                                                        \
    FUNCTION(int, listen, (SOCKET, int))                                                                               \
    FUNCTION(int, getsockname, (SOCKET, struct sockaddr *, int *))                                                     \
    FUNCTION(int, connect, (SOCKET, const struct sockaddr *, int))                                                     \
    FUNCTION(SOCKET, accept, (SOCKET, struct sockaddr *, int *))                                                       \
    FUNCTION(int, send, (SOCKET, const char *, int, int))                                                              \
    FUNCTION(int, WSARecv, (SOCKET, WSABUF *, DWORD, DWORD *, DWORD *, OVERLAPPED *, void *))                          \
    FUNCTION(int, WSASend, (SOCKET, WSABUF *, DWORD, DWORD *, DWORD, OVERLAPPED *, void *))

static struct {
#define MEMBER(result, name, parameters) result(WSAAPI *name) parameters;
    SOCKET_FUNCTIONS(MEMBER)
} sockets;

static void load_sockets(void)
{
    HMODULE library = LoadLibraryA("ws2_32.dll");
    void *address;
#define LOAD(result, name, parameters)                                                                                 \
    address = library ? (void *)GetProcAddress(library, #name) : NULL;                                                 \
    if (!address)                                                                                                      \
        skip("this host has no " #name);                                                                               \
    memcpy(&sockets.name, &address, sizeof address);
    SOCKET_FUNCTIONS(LOAD)
    WSADATA data;
    if (sockets.WSAStartup(MAKEWORD(2, 2), &data))
        skip("this host has no sockets");
}

struct connection {
    SOCKET near_end;
    SOCKET far_end;
};

static struct connection connect_to_itself(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = 0x0100007F};
    int size = sizeof address;
    SOCKET listener = sockets.WSASocketA(AF_INET, SOCK_STREAM, IPPROTO_TCP, NULL, 0, 0);
    if (listener == INVALID_SOCKET || sockets.bind(listener, (struct sockaddr *)&address, sizeof address) ||
        sockets.listen(listener, 1) || sockets.getsockname(listener, (struct sockaddr *)&address, &size))
        skip("this host has no loopback address to listen on");
    struct connection connection = {
        .near_end = sockets.WSASocketA(AF_INET, SOCK_STREAM, IPPROTO_TCP, NULL, 0, WSA_FLAG_OVERLAPPED)};
    require(!sockets.connect(connection.near_end, (struct sockaddr *)&address, sizeof address),
            "the connection is refused: error %lu", GetLastError());
    connection.far_end = sockets.accept(listener, NULL, NULL);
    require(connection.far_end != INVALID_SOCKET, "the connection is not accepted: error %lu", GetLastError());
    return connection;
}

static void begin_receive(const struct level *at, PTP_IO io, SOCKET socket, WSABUF *buffer, OVERLAPPED *overlapped)
{
    DWORD flags = 0;
    at->start_io(io);
    require(!sockets.WSARecv(socket, buffer, 1, NULL, &flags, overlapped, NULL) || GetLastError() == ERROR_IO_PENDING,
            "the receive failed at once: error %lu", GetLastError());
}

OBSERVATION_AT_BOTH_LEVELS(a_socket_can_be_bound, "IO-038", "NT-021")
{
    load_sockets();
    struct connection connection = connect_to_itself();
    PTP_IO io = logging_io(at, (HANDLE)connection.near_end, &done, NULL);
    char room[16] = "", hello[] = "hello";
    WSABUF buffer = {.len = sizeof room, .buf = room}, greeting = {.len = 5, .buf = hello};
    OVERLAPPED receive = {0}, sent = {0};
    begin_receive(at, io, connection.near_end, &buffer, &receive);
    check(stays(&done.count, 0), "a callback came before the data");
    sockets.send(connection.far_end, "data", 4, 0);
    check(wait_until(counted(&done.count) == 1, GENEROUS), "the receive gave %ld callbacks", done.count);
    expect_completion(at, &done.seen[0], NO_ERROR, 0, 4);
    check(!strncmp(room, "data", 4), "the buffer holds '%.4s'", room);

    at->start_io(io);
    require(!sockets.WSASend(connection.near_end, &greeting, 1, NULL, 0, &sent, NULL) ||
                GetLastError() == ERROR_IO_PENDING,
            "the send failed at once: error %lu", GetLastError());
    at->wait_for_io(io, FALSE);
    check(done.count == 2 && done.seen[1].overlapped == &sent, "the send gave %ld callbacks", done.count - 1);
    expect_completion(at, &done.seen[1], NO_ERROR, 0, 5);
    at->close_io(io);
}
