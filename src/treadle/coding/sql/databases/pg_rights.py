"""What a PostgreSQL role may do beyond reading, and the statements that set up one that may not.

``BEGIN READ ONLY`` is no boundary by itself, so a role with any of these rights is not used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import psycopg

__all__ = ["Excess", "excesses", "refusal"]

_SHOWN = 8
_READER = "treadle_reader"
_POWERFUL = (
    "pg_write_all_data", "pg_write_server_files", "pg_read_server_files", "pg_execute_server_program", "pg_signal_backend",
    "pg_maintain", "pg_checkpoint", "pg_create_subscription", "pg_signal_autovacuum_worker",
)  # fmt: skip
_OUTWARD = (
    "adminpack", "aws_s3", "dblink", "file_fdw", "http", "pg_background", "pg_cron", "pg_curl", "pg_net", "pgagent",
    "plproxy", "plsh", "postgres_fdw", "sslutils",
)  # fmt: skip
"""Extensions whose functions reach other servers, files or later transactions, which no rollback undoes."""
_FILE_FUNCTIONS = (
    "lo_import", "lo_export", "pg_read_file", "pg_read_binary_file", "pg_stat_file", "pg_ls_dir", "pg_file_write",
    "pg_reload_conf", "pg_rotate_logfile", "pg_switch_wal", "pg_create_restore_point", "pg_promote",
)  # fmt: skip

# Whether a grantee of an access list is this session's role, a role that it may become, or everybody.
_HELD = "(a.grantee = 0 OR pg_has_role(session_user, a.grantee, 'MEMBER'))"
_WHO = "CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END"

_ATTRIBUTES = """
SELECT quote_ident(rolname), rolname = session_user, rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls,
       rolname = ANY (%s)
FROM pg_roles WHERE pg_has_role(session_user, oid, 'MEMBER') ORDER BY rolname <> session_user, rolname
"""
_TABLES = f"""
SELECT CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, c.oid::regclass::text, {_WHO},
       string_agg(DISTINCT a.privilege_type, ', ')
FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) a
WHERE {_HELD} AND a.grantee <> c.relowner AND c.oid <> 'pg_catalog.pg_settings'::regclass
  AND (a.privilege_type IN ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER', 'MAINTAIN')
       OR (c.relkind = 'S' AND a.privilege_type = 'USAGE'))
GROUP BY 1, 2, 3 ORDER BY 2
"""  # noqa: S608 (no value from outside)
_COLUMNS = f"""
SELECT c.oid::regclass::text, {_WHO}, a.privilege_type, string_agg(quote_ident(t.attname), ', ')
FROM pg_attribute t JOIN pg_class c ON c.oid = t.attrelid CROSS JOIN LATERAL aclexplode(t.attacl) a
WHERE {_HELD} AND a.privilege_type IN ('INSERT', 'UPDATE') GROUP BY 1, 2, 3 ORDER BY 1
"""  # noqa: S608
_OWNED = """
SELECT 'the table ' || oid::regclass::text FROM pg_class
WHERE relkind IN ('r', 'v', 'm', 'S', 'f', 'p') AND pg_has_role(session_user, relowner, 'MEMBER')
UNION ALL SELECT 'the schema ' || quote_ident(nspname) FROM pg_namespace WHERE pg_has_role(session_user, nspowner, 'MEMBER')
UNION ALL SELECT 'the database ' || quote_ident(datname) FROM pg_database
WHERE datname = current_database() AND pg_has_role(session_user, datdba, 'MEMBER')
UNION ALL SELECT 'the function ' || oid::regprocedure::text FROM pg_proc WHERE pg_has_role(session_user, proowner, 'MEMBER')
UNION ALL SELECT 'the large object ' || oid::text FROM pg_largeobject_metadata
WHERE pg_has_role(session_user, lomowner, 'MEMBER')
UNION ALL SELECT 'the foreign server ' || quote_ident(srvname) FROM pg_foreign_server
WHERE pg_has_role(session_user, srvowner, 'MEMBER')
"""
_PLACES = f"""
SELECT 'DATABASE', quote_ident(d.datname), {_WHO}, string_agg(a.privilege_type, ', ' ORDER BY a.privilege_type)
FROM pg_database d CROSS JOIN LATERAL aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a
WHERE d.datname = current_database() AND {_HELD} AND a.grantee <> d.datdba AND a.privilege_type IN ('CREATE', 'TEMPORARY')
GROUP BY 1, 2, 3
UNION ALL SELECT 'SCHEMA', quote_ident(n.nspname), {_WHO}, 'CREATE'
FROM pg_namespace n CROSS JOIN LATERAL aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a
WHERE {_HELD} AND a.grantee <> n.nspowner AND a.privilege_type = 'CREATE'
UNION ALL SELECT 'LARGE OBJECT', l.oid::text, {_WHO}, 'UPDATE'
FROM pg_largeobject_metadata l CROSS JOIN LATERAL aclexplode(l.lomacl) a
WHERE {_HELD} AND a.grantee <> l.lomowner AND a.privilege_type = 'UPDATE'
"""  # noqa: S608
_FUNCTIONS = f"""
SELECT CASE WHEN p.prosecdef THEN 'runs with the rights of its owner'
            WHEN e.extname IS NOT NULL THEN 'is of the extension ' || e.extname || ' and reaches beyond this database'
            WHEN p.pronamespace = 'pg_catalog'::regnamespace THEN 'reaches the files of the server'
            ELSE 'is written in ' || l.lanname || ', which may do anything' END,
       {_WHO}, array_agg(p.oid::regprocedure::text ORDER BY p.proname)
FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
CROSS JOIN LATERAL aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
LEFT JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
     AND d.refclassid = 'pg_extension'::regclass
LEFT JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = ANY (%s)
WHERE {_HELD} AND a.privilege_type = 'EXECUTE' AND a.grantee <> p.proowner AND p.prorettype <> 'trigger'::regtype
  AND ((p.prosecdef AND p.provolatile = 'v') OR (e.extname IS NOT NULL AND p.provolatile = 'v')
       OR (NOT l.lanpltrusted AND l.lanname NOT IN ('internal', 'c'))
       OR (p.pronamespace = 'pg_catalog'::regnamespace AND p.proname = ANY (%s)))
GROUP BY 1, 2 ORDER BY 1
"""  # noqa: S608
_SCHEMAS = """
SELECT DISTINCT quote_ident(n.nspname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'v', 'm', 'p', 'f') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' ORDER BY 1
"""


@dataclass(frozen=True, slots=True)
class Excess:
    """Something that a role may do beyond reading, and the statement that takes it away ('' where none does).

    ``everybody``: the right comes from PUBLIC, so another role has it too.
    """

    what: str
    remedy: str = ""
    everybody: bool = False


def excesses(connection: psycopg.Connection[Any]) -> list[Excess]:
    """All that the session's role may do beyond reading, itself or as any role that it may become."""
    found, everything = _of_role(connection)
    if everything:
        return found  # the rest of the list would be long
    owned = [Excess(f"owns {what}") for (what,) in connection.execute(_OWNED).fetchall()]
    return found + owned + _granted(connection)


def _of_role(connection: psycopg.Connection[Any]) -> tuple[list[Excess], bool]:
    """What comes from attributes and memberships, and whether the role may do everything."""
    words = ("SUPERUSER", "CREATEROLE", "CREATEDB", "REPLICATION", "BYPASSRLS")
    found: list[Excess] = []
    (user,) = connection.execute("SELECT quote_ident(session_user)").fetchone() or ("",)
    for name, own, *has, powerful in connection.execute(_ATTRIBUTES, (list(_POWERFUL),)).fetchall():
        attributes = [word for word, given in zip(words, has, strict=True) if given]
        if own and attributes:
            if has[0]:
                return [Excess("is SUPERUSER: it may do everything")], True
            found.append(Excess(f"is {', '.join(attributes)}", f"ALTER ROLE {name} NO{' NO'.join(attributes)};"))
        elif attributes or powerful:
            what = f"may become {name}" + (f", which is {', '.join(attributes)}" if attributes else "")
            found.append(Excess(what, f"REVOKE {name} FROM {user};"))
    return found, False


def _granted(connection: psycopg.Connection[Any]) -> list[Excess]:
    """What comes from access lists."""
    found = []
    for kind, name, who, privileges in connection.execute(_TABLES).fetchall():
        found.append(_revocable(f"may {privileges} {kind.lower()} {name}", f"{privileges} ON {kind} {name}", who))
    for kind, name, who, privileges in connection.execute(_PLACES).fetchall():
        found.append(_revocable(f"may {privileges} in {kind.lower()} {name}", f"{privileges} ON {kind} {name}", who))
    for name, who, privilege, columns in connection.execute(_COLUMNS).fetchall():
        found.append(_revocable(f"may {privilege} columns of {name}", f"{privilege} ({columns}) ON TABLE {name}", who))
    for why, who, functions in connection.execute(_FUNCTIONS, (list(_OUTWARD), list(_FILE_FUNCTIONS))).fetchall():
        more = f" and {len(functions) - 1} more" if len(functions) > 1 else ""
        what = f"may execute {functions[0]}{more}, which {why}"
        found.append(_revocable(what, f"EXECUTE ON FUNCTION {', '.join(functions)}", who))
    return found


def _revocable(what: str, right: str, who: str) -> Excess:
    return Excess(what, f"REVOKE {right} FROM {who};", who == "PUBLIC")


def refusal(connection: psycopg.Connection[Any], address: str, found: Sequence[Excess]) -> str:
    """Why the role is not used, and the statements that make one that is."""
    (user,) = connection.execute("SELECT session_user::text").fetchone() or ("",)
    lines = [f"the role {user!r} of {address} may do more than read, so no statement was executed. It"]
    lines += [f"  - {e.what}" + (f"  ({e.remedy})" if e.remedy else "") for e in found[:_SHOWN]]
    lines += [f"  - and {len(found) - _SHOWN} more such rights"] if len(found) > _SHOWN else []
    lines += ["Ask an administrator of the database to make a role that can only read, and give its name in the address:"]
    return "\n".join([*lines, *(f"    {statement}" for statement in _recipe(connection))])


def _recipe(connection: psycopg.Connection[Any]) -> list[str]:
    """The statements that make a role which passes; they take away rights that everybody has."""
    taken = {name for (name,) in connection.execute("SELECT rolname FROM pg_roles").fetchall()}
    reader, number = _READER, 2
    while reader in taken:
        reader, number = f"{_READER}_{number}", number + 1
    (database,) = connection.execute("SELECT quote_ident(current_database())").fetchone() or ("",)
    recipe = [
        f"CREATE ROLE {reader} LOGIN PASSWORD 'choose one';",
        f"GRANT CONNECT ON DATABASE {database} TO {reader};",
    ]
    for (schema,) in connection.execute(_SCHEMAS).fetchall():
        recipe += [
            f"GRANT USAGE ON SCHEMA {schema} TO {reader};",
            f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {reader};",
            f"ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT SELECT ON TABLES TO {reader};",
        ]
    everybody = [f"{e.remedy}  -- grant it to those who need it" for e in _granted(connection) if e.everybody]
    return recipe + everybody
