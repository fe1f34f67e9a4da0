import { totalmem } from 'node:os'
import { formatSettings, gb, tune } from '../postgres/tune.ts'

const given = process.argv[2]
const bytes = given ? Number(given) * gb : totalmem()
if (!(bytes > 0)) {
  console.error('usage: npm run -s db:tune [memory in GB]')
  process.exit(1)
}
console.log(`# For a PostgreSQL 18 that has ${(bytes / gb).toFixed(1)} GB of memory to itself.`)
console.log(formatSettings(tune(bytes)))
