import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { afterAll, expect, it, vi } from 'vitest'
import { freePort, isFree } from '../../dev/system/free-port.ts'
import { freshFetch } from '../../dev/system/fresh-fetch.ts'
import { listProcesses } from '../../dev/system/processes.ts'
import { projectRoot } from '../../dev/system/project.ts'
import { freshDatabase } from '../support/database.ts'
import { freshFolder } from '../support/folder.ts'

// A test starts the whole system up to three times, and a busy machine takes half a minute for a start.
vi.setConfig({ testTimeout: 300_000 })

const run = promisify(execFile)
const folder = freshFolder()
const outside = freshFolder()
// Below the ports that other files take: between two starts of this file it is free, and must stay so.
const port = await freePort(randomInt(10_000, 15_000))
const url = `http://127.0.0.1:${port}`
const env = { ...process.env, LOCKSTEP_FOLDER: folder, PORT: String(port), DATABASE_URL: '' }
const database = await freshDatabase()
const started: ChildProcess[] = []

afterAll(() => {
  for (const child of started) child.kill('SIGKILL')
})

type Start = {
  child: ChildProcess
  /** Resolves when the output says so, rejects when it ends without. */
  says(text: string): Promise<void>
  ended: Promise<{ code: number | null; output: string }>
}

/** As `npm start` does it, with npm in between or without. */
function start(extra: Record<string, string> = {}, throughNpm = false): Start {
  const [command, args] = throughNpm ? ['npm', ['start']] : [process.execPath, ['dev/commands/start.ts']]
  const child = spawn(command, args, { cwd: projectRoot, env: { ...env, ...extra }, stdio: 'pipe' })
  started.push(child)
  let output = ''
  const watchers: (() => void)[] = []
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      for (const watch of watchers) watch()
    })
  }
  const ended = once(child, 'close').then(([code]) => ({ code, output }))
  return {
    child,
    ended,
    says: (text) =>
      new Promise((resolve, reject) => {
        const watch = () => output.includes(text) && resolve()
        watchers.push(watch)
        watch()
        void ended.then(() => reject(new Error(`It ended:\n${output}`)))
      }),
  }
}

/** A command beside a running system: what it prints, or how it fails. */
async function command(
  script: string,
  ...args: string[]
): Promise<{ stdout: string; stderr: string; code: number }> {
  try {
    return {
      ...(await run(process.execPath, [`dev/commands/${script}`, ...args], { cwd: projectRoot, env })),
      code: 0,
    }
  } catch (error) {
    // execFile rejects with this when the program exits with another code than 0.
    return error as { stdout: string; stderr: string; code: number }
  }
}

/** Waits for a fact as long as the system may run. */
async function whileItRuns({ ended }: Start, come: () => boolean): Promise<void> {
  const isOver = ended.then(({ output }) => {
    throw new Error(`It ended:\n${output}`)
  })
  await Promise.race([vi.waitUntil(come, { interval: 20, timeout: 280_000 }), isOver])
}

function left(): string[] {
  return listProcesses()
    .map((process) => process.command)
    .filter((line) => line.includes(folder) || line.includes(`entry=127.0.0.1:${port} `))
}

async function query(text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: (await command('db-url.ts')).stdout.trim() })
  await client.connect()
  try {
    return (await client.query(text)).rows
  } finally {
    await client.end()
  }
}

/** How a start ends that is stopped as soon as a fact has come, and what it leaves. */
async function stopAsSoonAs(come: () => boolean): Promise<{ code: number | null; leaves: string[] }> {
  const system = start()
  await whileItRuns(system, come)
  system.child.kill('SIGINT')
  const { code } = await system.ended
  return { code, leaves: [...left(), ...readdirSync(folder).filter((name) => name === 'state.json')] }
}

// The image of a full disk: on Linux every write to this device fails with ENOSPC. Elsewhere a folder refuses writes.
function fillDiskUnderLog(): void {
  const log = join(folder, 'worker.log')
  rmSync(log, { force: true })
  if (existsSync('/dev/full')) symlinkSync('/dev/full', log)
  else mkdirSync(log)
}

/** Options with which a program runs this code when it gets SIGUSR2. */
function onSignal(code: string): string {
  const file = join(outside, 'on-signal.mjs')
  writeFileSync(file, `process.on('SIGUSR2', () => { ${code} })`)
  return `--import=${file}`
}

it('starts everything, answers its own commands, refuses a second start, and leaves nothing when it ends', async () => {
  const system = start({}, true)
  await system.says('Ctrl-C stops everything.')
  expect((await freshFetch(`${url}/readyz`)).status).toBe(200)
  expect(statSync(join(folder, 'state.json')).mode & 0o777).toBe(0o600)
  expect(statSync(join(folder, 'secret')).mode & 0o777).toBe(0o600)

  const token = await command('token.ts', '--role', 'courier', '--sub', '1')
  const orders = await freshFetch(`${url}/v1/dispatch/orders?status=new`, {
    headers: { authorization: `Bearer ${token.stdout.trim()}` },
  })
  expect(orders.status).toBe(200)
  expect(await query('select count(*)::int as n from dispatch.orders')).toEqual([{ n: 500 }])
  await query('create table kept ()')

  const second = await start().ended
  expect(second.code).toBe(1)
  expect(second.output).toMatch(new RegExp(`Already running here: ${url} \\(pid \\d+\\)`))
  expect(await command('reset.ts')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('Stop it first'),
  })
  expect((await freshFetch(`${url}/readyz`)).status).toBe(200)

  system.child.kill('SIGTERM')
  expect((await system.ended).code).toBe(0)
  expect(left()).toEqual([])
  expect(await isFree(port)).toBe(true)
  expect(await command('db-url.ts')).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringContaining('npm start'),
  })
})

it('names a port that is taken, and what to do', async () => {
  const other = createServer().listen(port, '127.0.0.1')
  await once(other, 'listening')
  const { code, output } = await start().ended
  other.close()
  expect(code).toBe(1)
  expect(output).toContain(`Port ${port} is taken.`)
  expect(output).toContain(`PORT=${port + 1} npm start`)
  expect(left()).toEqual([])
})

it('keeps its data and its build, also through being killed, clears away what the killed run left, and says once that its disk is full', async () => {
  const built = () => statSync(join(folder, 'bundle/worker.js')).mtimeMs
  const first = built()
  const killed = start()
  await killed.says('Ctrl-C stops everything.')
  expect(await query(`select to_regclass('kept')::text as kept`)).toEqual([{ kept: 'kept' }])
  killed.child.kill('SIGKILL')
  await killed.ended
  // A process that Postgres has just forked still has the command line of its parent.
  await expect.poll(left).toHaveLength(2)

  const next = start()
  await next.says('Ctrl-C stops everything.')
  expect((await freshFetch(`${url}/readyz`)).status).toBe(200)
  expect(await query('select count(*)::int as n from dispatch.orders')).toEqual([{ n: 500 }])
  expect(built()).toBe(first)
  fillDiskUnderLog()
  const fail = () =>
    freshFetch(`${url}/v1/dispatch/orders`, { headers: { authorization: 'Bearer nonsense' } })
  for (let i = 0; i < 5; i++) await (await fail()).text()
  await next.says('worker.log lacks lines from here on')
  expect((await freshFetch(`${url}/readyz`)).status).toBe(200)
  next.child.kill('SIGINT')
  next.child.kill('SIGINT')
  const { code, output } = await next.ended
  expect(code).toBe(0)
  expect(output.match(/lacks lines/g)).toHaveLength(1)
  expect(left()).toEqual([])
  rmSync(join(folder, 'worker.log'), { recursive: true })
})

it('stops in order and reports after an error that nobody caught', async () => {
  const system = start({ NODE_OPTIONS: onSignal(`throw new Error('Boom')`) })
  await system.says('Ctrl-C stops everything.')
  system.child.kill('SIGUSR2')
  expect(await system.ended).toMatchObject({ code: 1, output: expect.stringContaining('Boom') })
  expect(left()).toEqual([])
  expect(existsSync(join(folder, 'state.json'))).toBe(false)
})

it('leaves no server behind when it exits in the middle of everything', async () => {
  const system = start({ NODE_OPTIONS: onSignal('process.exit(3)') })
  await system.says('Ctrl-C stops everything.')
  system.child.kill('SIGUSR2')
  expect((await system.ended).code).toBe(3)
  await vi.waitUntil(() => left().length === 0, { interval: 20, timeout: 30_000 })
})

it.each([
  ['cut off', '{"pid": 4'],
  ['empty', ''],
  ['of another shape', '{}'],
  ['without a URL', JSON.stringify({ pid: 1, url: 'nonsense', databaseUrl: null })],
])('names a state file that is %s, and what to do', async (_, text) => {
  const file = join(folder, 'state.json')
  writeFileSync(file, text)
  const { code, output } = await start().ended
  expect(code).toBe(1)
  expect(output.trim()).toContain(`${file} is damaged`)
  expect(output).toContain(`rm '${file}'`)
  expect(output).not.toContain('    at ')
  expect(await command('db-url.ts')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining(`${file} is damaged`),
  })
  rmSync(file)
})

it('ends cleanly when it is stopped as soon as workerd is starting', async () => {
  const come = () => left().some((line) => line.includes('workerd serve'))
  expect(await stopAsSoonAs(come)).toEqual({ code: 0, leaves: [] })
})

it('uses the database it is given, and leaves that one running, also after a rejection that nobody caught', async () => {
  const rejecting = onSignal(`Promise.reject(new Error('Boom'))`)
  const system = start({ DATABASE_URL: database.ownerUrl, NODE_OPTIONS: rejecting })
  await system.says('Ctrl-C stops everything.')
  expect((await freshFetch(`${url}/readyz`)).status).toBe(200)
  expect(left()).toHaveLength(1)
  expect((await command('db-url.ts')).stdout.trim()).toBe(database.ownerUrl)
  expect((await database.admin.query('select from dispatch.stores')).rowCount).toBe(0)
  system.child.kill('SIGUSR2')
  expect(await system.ended).toMatchObject({ code: 1, output: expect.stringContaining('Boom') })
  // The deployed Worker's role is as it was: its password still opens the database.
  const deployed = await database.connect(database.workerUrl)
  expect((await deployed.query('select 1 as one')).rows).toEqual([{ one: 1 }])
})

it.each([
  ['it has claimed the folder', () => existsSync(join(folder, 'state.json'))],
  ['Postgres is starting', () => left().some((line) => line.includes('/postgres '))],
])('ends cleanly when it is stopped in the build of the Worker, as soon as %s', async (_, come) => {
  rmSync(join(folder, 'bundle'), { recursive: true, force: true })
  expect(await stopAsSoonAs(come)).toEqual({ code: 0, leaves: [] })
})

it('forgets everything on reset', async () => {
  expect(existsSync(join(folder, 'postgres'))).toBe(true)
  expect(await command('reset.ts')).toMatchObject({ code: 0, stdout: expect.stringContaining('Deleted') })
  expect(existsSync(folder)).toBe(false)
})
