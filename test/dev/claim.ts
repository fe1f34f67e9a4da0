import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { localFolder } from '../../dev/system/project.ts'
import { claimFolder } from '../../dev/system/state.ts'

// Starts as npm start does, says whether it got the folder, and stays until everybody else has tried.
const said = claimFolder({ pid: process.pid, url: 'http://127.0.0.1:1', databaseUrl: null }).claimed
writeFileSync(join(localFolder, `asked-${process.pid}`), '')
while (
  readdirSync(localFolder).filter((name) => name.startsWith('asked-')).length < Number(process.env['STARTS'])
) {
  await delay(5)
}
console.log(said ? 'claimed' : 'refused')
