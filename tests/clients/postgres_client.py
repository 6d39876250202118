# SPDX-License-Identifier: MIT
"""postgres_client.py PORT ONE-BY-ONE AT-ONCE

Opens connections to a PostgreSQL server on this machine, so many one after the other and so many at once, and runs a
query on each. Then waits until the server has no backend left but the one that is asked. Prints one line of results.
"""
import socket
import struct
import sys
import time

TIME_LIMIT = 60
PROTOCOL = 3 << 16


class Connection:
    """Speaks as much of the protocol as trusted users and simple queries take."""

    def __init__(self, port):
        self.socket = socket.create_connection(('127.0.0.1', port), timeout=TIME_LIMIT)
        self.stream = self.socket.makefile('rb')
        body = struct.pack('!I', PROTOCOL) + b'user\0postgres\0database\0postgres\0\0'
        self.socket.sendall(struct.pack('!I', len(body) + 4) + body)
        self.read_until_ready()

    def read_until_ready(self):
        """The first column of each row that comes before the server is ready for a query."""
        values = []
        while True:
            kind, length = struct.unpack('!cI', self.read(5))
            body = self.read(length - 4)
            if kind == b'Z':
                return values
            if kind == b'E':
                raise RuntimeError(body.replace(b'\0', b' ').decode('utf-8', 'replace'))
            if kind == b'R' and body != b'\0\0\0\0':
                raise RuntimeError('the server wants more than a user name')
            if kind == b'D':
                size, = struct.unpack_from('!i', body, 2)
                values.append(body[6:6 + size].decode())

    def read(self, size):
        data = self.stream.read(size)
        if len(data) != size:
            raise RuntimeError('the server closed the connection')
        return data

    def query(self, text):
        body = text.encode() + b'\0'
        self.socket.sendall(struct.pack('!cI', b'Q', len(body) + 4) + body)
        return self.read_until_ready()

    def close(self):
        self.socket.sendall(struct.pack('!cI', b'X', 4))
        self.stream.close()
        self.socket.close()


def ask(connection, number):
    """Whether the server counts right."""
    return connection.query(f'SELECT sum(i) FROM generate_series(1, {number}) AS i') == [str(number * (number + 1) // 2)]


def backends_left(port):
    """Client backends besides the one that counts them, once they stopped becoming fewer."""
    connection = Connection(port)
    deadline = time.monotonic() + TIME_LIMIT
    while True:
        count, = connection.query("SELECT count(*) - 1 FROM pg_stat_activity WHERE backend_type = 'client backend'")
        if count == '0' or time.monotonic() > deadline:
            connection.close()
            return int(count)
        time.sleep(0.05)


def main(port, one_by_one, at_once):
    right = 0
    for number in range(one_by_one):
        connection = Connection(port)
        right += ask(connection, 1000 + number)
        connection.close()
    connections = [Connection(port) for _ in range(at_once)]
    for number, connection in enumerate(connections):
        right += ask(connection, 2000 + number)
    for connection in connections:
        connection.close()
    print(f'one_by_one={one_by_one} at_once={at_once} right={right} left={backends_left(port)}')


main(*map(int, sys.argv[1:]))
