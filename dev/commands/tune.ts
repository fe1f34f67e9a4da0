import { totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import { sumConnections } from '../postgres/connections.ts'
import { formatSettings, gb, tune } from '../postgres/tune.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    connections: { type: 'string', default: '200' },
    pools: { type: 'string', default: '1' },
    standbys: { type: 'string', default: '0' },
  },
})
const bytes = positionals[0] ? Number(positionals[0]) * gb : totalmem()
const [maxConnections, pools, standbys] = [
  Number(values.connections),
  Number(values.pools),
  Number(values.standbys),
]
const areWhole = [maxConnections, pools, standbys].every(Number.isInteger)
if (!(bytes > 0) || !areWhole || maxConnections < 20 || pools < 1 || standbys < 0) {
  console.error(`usage: npm run -s db:tune -- [memory in GB] [--connections 200] [--pools 1] [--standbys 0]
Connections (20 or more), pools (1 or more) and standbys are whole numbers, such as --pools 2.`)
  process.exit(1)
}
const settings = tune(bytes, { maxConnections, standbys })
console.log(`# For a PostgreSQL 18 that has ${(bytes / gb).toFixed(1)} GB of memory to itself.`)
console.log(formatSettings(settings))
for (const line of sumConnections(settings, { pools, standbys })) console.log(`# ${line}`)
