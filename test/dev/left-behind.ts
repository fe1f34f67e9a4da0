import pg from 'pg'
import { startCluster } from '../../dev/postgres/cluster.ts'

// A run that is about to be killed: it starts a server in the given folder and prints its pid.
const cluster = await startCluster({ folder: process.argv[2] ?? '', password: 'p' })
const client = new pg.Client({ connectionString: cluster.url() })
await client.connect()
await client.query('create table left_behind as select 1 as id')
console.log(cluster.pid())
