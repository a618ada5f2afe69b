"""Attempts to reach anything by a socket: loopback, unix paths, abstract names, the kernel, other protocols."""

# Programs are easier to read in long lines.
# ruff: noqa: E501

from __future__ import annotations

from attacks.attempt import Attempt

__all__ = ["ATTEMPTS"]


def _net(name: str, body: str, **more: object) -> Attempt:
    return Attempt(name=name, kind="net", body=body, **more)  # type: ignore[arg-type]


ATTEMPTS = [
    _net("connect by TCP", "socket.create_connection(('127.0.0.1', F['tcp']), 2).send(b'x')"),
    _net("connect by raw calls", """
        handle = call(41, 2, 1, 0)
        return call(42, handle, struct.pack('>HHI8x', 0x0200, F['tcp'], 0x7F000001), 16)
    """),
    _net("send with the first packet", """
        s = socket.socket()
        return s.sendto(b'x', 0x20000000, ('127.0.0.1', F['tcp']))
    """, control="machine"),
    _net("connect without waiting", """
        s = socket.socket()
        s.setblocking(False)
        return s.connect_ex(('127.0.0.1', F['tcp']))
    """),
    _net("connect with asyncio", """
        import asyncio
        async def go():
            await asyncio.open_connection('127.0.0.1', F['tcp'])
        asyncio.run(go())
    """),
    _net("fetch by HTTP", """
        import urllib.error, urllib.request
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{F['tcp']}/", timeout=1)
        except urllib.error.URLError:
            raise
        except Exception as answered:  # the listener hangs up
            return type(answered).__name__
    """),
    _net("send by UDP", "return socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', F['udp']))"),
    _net("send by connected UDP", """
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.connect(('127.0.0.1', F['udp']))
        return s.send(b'x')
    """),
    _net("send many by UDP", """
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        return s.sendmsg([b'x'], [], 0, ('127.0.0.1', F['udp']))
    """),
    _net("ask a name server", "return socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', 53))"),
    _net("listen", "s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen(); return s.getsockname()"),
    _net("IPv6", "return socket.socket(socket.AF_INET6, socket.SOCK_DGRAM).sendto(b'x', ('::1', 9))", control="machine"),
    _net("a unix stream by path", "s = socket.socket(socket.AF_UNIX); s.connect(F['unix']); return s.send(b'x')"),
    _net("a unix datagram by path", "return socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b'x', F['unix_dgram'])"),
    _net("an abstract name", "s = socket.socket(socket.AF_UNIX); s.connect(F['abstract']); return s.send(b'x')"),
    _net("bind an abstract name", "s = socket.socket(socket.AF_UNIX); s.bind('\\0treadle-attempt'); s.listen()"),
    _net("turn a pair into a connection", """
        a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        return a.sendto(b'x', F['unix_dgram'])
    """),
    _net("reconnect one end of a pair", """
        a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        a.connect(F['unix_dgram'])
        return a.send(b'x')
    """),
    _net("send a datagram from a pair of streams", """
        a, b = socket.socketpair()
        return call(44, a.fileno(), b'x', 1, 0, struct.pack('H', 1) + F['unix_dgram'].encode() + b'\\0', 2 + len(F['unix_dgram']) + 1)
    """, control=None, why="a stream takes no address; the call itself is what must not go through"),
    _net("pass a descriptor along a pair", """
        a, b = socket.socketpair()
        return socket.send_fds(a, [b'x'], [0])
    """),
    _net("a pair of sequenced packets", "return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)"),
    _net("bind one end of a pair", "a, b = socket.socketpair(); a.bind(F['work'] + '/bound')"),
    _net("talk to the kernel by netlink", "return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)", control="machine"),
    _net("audit and uevents by netlink", "return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 15)", control="machine"),
    _net("the kernel's ciphers", "return socket.socket(38, socket.SOCK_SEQPACKET, 0)", control="machine"),
    _net("virtual machine sockets", "return socket.socket(40, socket.SOCK_STREAM)", control="machine"),
    _net("raw packets", "return socket.socket(socket.AF_PACKET, socket.SOCK_RAW)", control="root"),
    _net("raw IP", "return socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)", control="root"),
    _net("ping", "return socket.socket(socket.AF_INET, socket.SOCK_DGRAM, 1)", control="machine"),
    _net("SCTP and others", """
        for family, kind, protocol in ((2, 1, 132), (31, 3, 1), (29, 3, 1), (17, 3, 3), (44, 2, 0), (43, 1, 0)):
            try:
                return socket.socket(family, kind, protocol)
            except PermissionError:
                raise
            except OSError:
                pass
        raise OSError('no such protocol here')
    """, control="machine"),
    _net("a tunnel device", "return os.open('/dev/net/tun', os.O_RDWR)", control="machine"),
    _net("a socket by the ring", """
        handle = call(425, 4, room(size=120))
        return handle
    """, control="machine"),
    _net("name the machine", "return call(170, b'treadle', 7)", control="root"),
]  # fmt: skip
