import { setTimeout as pause } from 'node:timers/promises'
import type { Standby } from '../../dev/postgres/standby.ts'
import { childrenOf } from '../../dev/system/processes.ts'
import type { Measurement } from '../measurement.ts'
import { closedLoop, mustBe, quantile } from '../method.ts'

const clients = 4

type Death = {
  name: string
  /** From then on its data is read nowhere but in a single trial now and then. */
  settledSeconds: number
  die(standby: Standby): Promise<void>
  revive(standby: Standby): Promise<void>
}

const deaths: Death[] = [
  {
    name: 'is killed, and connections are refused',
    settledSeconds: 1,
    die: (standby) => standby.kill(),
    revive: (standby) => standby.start(),
  },
  {
    name: 'is suspended, and nothing answers within the two seconds that a read waits',
    settledSeconds: 3,
    die: async (standby) => signal(standby, 'SIGSTOP'),
    revive: async (standby) => signal(standby, 'SIGCONT'),
  },
]

type Standing = { data: { outcomes: Record<string, number> }[]; leftOut: number }

const refused = ['behind', 'stale', 'out', 'cancelled']

const phases = ['before', 'at once', 'after'] as const
type Reads = Record<(typeof phases)[number], number[]>

/**
 * A few clients read over two standbys, of which one dies. No read may fail or lack the data. The p99 of the reads after
 * the first moments may be 1.2 × that before.
 */
export const replicas: Measurement = async (rig, { rounds, seconds }) => {
  const { owner, ...database } = await rig.database()
  await owner.query(`insert into core.job_runs (job, slot, trigger, started_at, finished_at, outcome, rows)
    values ('bench', now(), 'cron', now(), now(), 'ok', 7)`)
  const standbys: [Standby, Standby] = [await rig.standby(), await rig.standby()]
  const worker = await rig.worker({ owner, ...database }, { standbys })
  const headers = {
    authorization: `Bearer ${await worker.token('admin', 'ann')}`,
    // A kept connection may be closed under the read that takes it.
    connection: 'close',
  }
  let reads = 0
  const get = async <T>(path: string): Promise<T> => {
    const response = await fetch(`${worker.url}${path}`, { headers })
    const text = await response.text()
    if (response.status !== 200) throw new Error(`${path} has the answer ${response.status} ${text}`)
    return JSON.parse(text)
  }
  const read = async () => {
    reads += 1
    const { data: runs } = await get<{ data: { rows: number }[] }>('/v1/ops/jobs/runs?job=bench')
    mustBe(
      runs.map(({ rows }) => rows),
      [7],
      'the answer of a read',
    )
  }
  const standing = () => get<Standing>('/v1/ops/replicas')
  const served = async () => (await standing()).data.map(({ outcomes }) => outcomes['served'] ?? 0)
  const untilBothServe = async () => {
    // A standby counts as fresh while its newest commit is younger than 150 s.
    await owner.query('update core.job_runs set rows = rows')
    const before = await served()
    for (let n = 0; (await served()).some((count, at) => count === before[at]); n += 1) {
      if (n > 400) throw new Error('A standby does not serve')
      await read()
      await pause(100)
    }
  }
  const readFor = async (phase: number, into: number[]) => {
    const { latenciesMs } = await closedLoop({
      clients,
      seconds: phase,
      operation: async () => (await read(), 1),
    })
    into.push(...latenciesMs)
  }

  for (const death of deaths) {
    const took: Reads = { before: [], 'at once': [], after: [] }
    for (let round = 0; round < rounds; round += 1) {
      const [one, other] = standbys
      const victim = round % 2 === 0 ? one : other
      await untilBothServe()
      await readFor(1, [])
      await readFor(3 * seconds, took.before)
      const dying = death.die(victim)
      try {
        await readFor(death.settledSeconds, took['at once'])
        await readFor(3 * seconds, took.after)
        await dying
      } finally {
        await death.revive(victim)
      }
    }
    await untilBothServe()
    print(death.name, took)
  }
  const { data, leftOut } = await standing()
  const became = (outcome: string) => data.reduce((sum, { outcomes }) => sum + (outcomes[outcome] ?? 0), 0)
  const counted = data.flatMap(({ outcomes }) => Object.values(outcomes)).reduce((sum, n) => sum + n, leftOut)
  console.log(
    `  ${reads} reads, none failed; the primary answered ${leftOut} while both were left out, and after a replica: ` +
      refused.map((one) => `${became(one)} ${one}`).join(', '),
  )
  mustBe(counted, reads, 'the outcomes of all reads')
  mustBe(became('out') >= deaths.length * rounds, true, 'whether each death was noticed')
}

function print(name: string, took: Reads): void {
  const p99 = (phase: keyof Reads) => quantile(took[phase], 0.99)
  console.log(`\nreads of ${clients} clients over two standbys, of which one ${name}`)
  for (const phase of phases) {
    const at = (share: number) => quantile(took[phase], share).toFixed(1)
    console.log(
      `  ${phase.padEnd(8)} ${took[phase].length} reads, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, longest ${at(1)} ms`,
    )
  }
  const [ours, baseline] = [p99('after'), p99('before')].map((ms) => Number(ms.toPrecision(4)))
  const ratio = Number((p99('after') / p99('before')).toPrecision(4))
  console.log(
    JSON.stringify({ name: `ops p99 of reads after a replica ${name}`, ours, baseline, ratio, unit: 'ms' }),
  )
}

function signal(standby: Standby, name: 'SIGSTOP' | 'SIGCONT'): void {
  const pid = standby.pid()
  if (pid === null) throw new Error('The standby does not run')
  for (const one of [pid, ...childrenOf(pid)]) process.kill(one, name)
}
