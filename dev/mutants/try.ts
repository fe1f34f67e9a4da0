import type { Mutant } from './mutant.ts'
import { mutants } from './mutants.ts'
import { tryMutants } from './trial.ts'

/* Runs in the copy that dev/mutants/run.ts makes. Ends with an error if a mutant survived. */
const words = process.argv.slice(2)
const chosen = mutants.filter(
  ({ name, breaks, file }) =>
    words.length === 0 || words.some((word) => [name, breaks, file].some((one) => one.includes(word))),
)
const survivors: Mutant[] = []
let tried = 0
await tryMutants(chosen, (mutant, { killed, how }) => {
  tried += 1
  if (!killed) survivors.push(mutant)
  const place = `${tried}/${chosen.length}`.padStart(8)
  console.log(`${killed ? 'killed  ' : 'SURVIVED'} ${place}  ${mutant.breaks}: ${mutant.name}`)
  console.log(`${' '.repeat(19)}${how}`)
})
console.log(`\n${tried - survivors.length} killed, ${survivors.length} survived`)
for (const { breaks, name, tests } of survivors)
  console.log(`survived: ${breaks}: ${name} (${tests.join(' ')})`)
process.exitCode = survivors.length > 0 || chosen.length === 0 ? 1 : 0
