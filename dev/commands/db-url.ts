import { readRunning } from '../system/state.ts'

const running = readRunning()
if (running?.databaseUrl) console.log(running.databaseUrl)
else {
  console.error(running ? 'Lockstep is still starting.' : 'Nothing runs here: start it with npm start.')
  process.exitCode = 1
}
