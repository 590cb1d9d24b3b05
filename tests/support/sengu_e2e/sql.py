"""A MySQL connection for tests, over PyMySQL: rows as dicts, and the errors of resp.py, so that `eventually` knows them."""

import contextlib
import socket
import ssl

import pymysql
import pymysql.cursors

from .resp import ReplyError


class SqlError(ReplyError):
    """An ERR packet of the server: `number` (1290, ...) and `text`."""

    def __init__(self, number, text):
        super().__init__(f"{number}: {text}")
        self.number, self.text = number, text


class Connection:
    """Raises SqlError for the server's errors and ConnectionError for everything on the wire, timeouts too.

    Opened by open() or `with`. `tls` is an ssl.SSLContext. Autocommit is on.
    """

    def __init__(self, host=None, port=3306, user="app", database="test", unix_socket=None, timeout=5.0, tls=None):
        self._tls = tls
        password = "" if user == "root" else user
        self._peer = pymysql.connect(host=host, port=port, user=user, password=password, database=database, ssl=tls,
                                     unix_socket=unix_socket, connect_timeout=timeout, read_timeout=timeout,
                                     write_timeout=timeout, autocommit=True, defer_connect=True,
                                     cursorclass=pymysql.cursors.DictCursor)

    def open(self):
        with _our_errors():
            self._peer.connect()
        if self._tls and self.cipher is None:   # PyMySQL goes on in clear text where the server has no TLS
            self.close()
            raise ConnectionError("the server has no TLS")
        return self

    @property
    def cipher(self):
        """None = clear text."""
        socket_ = self._peer._sock
        return socket_.cipher()[0] if isinstance(socket_, ssl.SSLSocket) else None

    def __enter__(self):
        return self.open()

    def __exit__(self, *_):
        self.close()

    def close(self):
        """At once, also where the server is frozen."""
        if self._peer.open:
            self._peer.close()

    def interrupt(self):
        """From another thread: what waits on this connection ends with an error."""
        connected = self._peer._sock
        if connected is not None:
            with contextlib.suppress(OSError):
                connected.shutdown(socket.SHUT_RDWR)

    def query(self, statement, *values):
        """The rows, each {column: value}; [] where there are none. Values replace %s."""
        with _our_errors(), self._peer.cursor() as cursor:
            cursor.execute(statement, values or None)
            return list(cursor.fetchall())

    def value(self, statement, *values):
        """The first column of the only row."""
        (row,) = self.query(statement, *values)
        return next(iter(row.values()))


@contextlib.contextmanager
def _our_errors():
    try:
        yield
    except pymysql.err.MySQLError as error:
        number, text = error.args if len(error.args) == 2 else (0, str(error))
        if number == 0 or 2000 <= number < 3000:   # the client library's own numbers
            raise ConnectionError(f"{number}: {text}") from None
        raise SqlError(number, text) from None
