"""What the e2e tests, the demo and the benches share: real servers, a real sengu, clients that keep accounts.

Standard library only, but for what speaks to MySQL servers (sql, mysql_server, mysql_clients: PyMySQL), which is imported by
its own name. Nothing here sleeps to wait for a state: it polls
with a deadline (`eventually`). Children die with the process that started them.
"""

from .accounting import Accounts, account, nothing_lost
from .certificates import Certificates
from .clients import RouteWatch, Tap, Writer, Writers, parked
from .net import Namespace, claim_block
from .proxy import Sengu
from .redis_server import RedisGroup, RedisServer
from .resp import Connection, ReplyError
from .wait import eventually, let_pass, never

__all__ = ["Accounts", "account", "Certificates", "RouteWatch", "Tap", "Writer", "Writers", "Namespace", "claim_block", "Sengu",
           "RedisGroup", "RedisServer", "Connection", "ReplyError", "eventually", "let_pass",
           "never", "nothing_lost", "parked"]
