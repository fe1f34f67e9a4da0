/** The holders of advisory lock $1 in this database. `pg_locks` shows those of the databases of other test files, too. */
export const heldLocks = `
select pid
from pg_locks
where locktype = 'advisory'
  and database = (select oid from pg_database where datname = current_database())
  and classid = 0
  and objid = $1
  and granted`
