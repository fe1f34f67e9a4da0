import pg from 'pg'
import { startCluster } from '../../dev/postgres/cluster.ts'
import { startStandby } from '../../dev/postgres/standby.ts'

// A run that is about to be killed: it starts a server with a standby in the given folder and prints their pids.
const cluster = await startCluster({ folder: process.argv[2] ?? '', password: 'p' })
const client = new pg.Client({ connectionString: cluster.url() })
await client.connect()
await client.query('create table left_behind as select 1 as id')
const standby = await startStandby({ primary: cluster, password: 'p', number: 1 })
console.log(JSON.stringify([cluster.pid(), standby.pid()]))
