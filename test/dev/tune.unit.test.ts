import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { sumConnections } from '../../dev/postgres/connections.ts'
import { formatSettings, tune } from '../../dev/postgres/tune.ts'
import { connectionParts, poolSize } from '../../functions/ops/rules.ts'

const run = promisify(execFile)
const gb = 1024 ** 3

it('gives Postgres a quarter of a machine that is its own, and knows the page cache of the rest', () => {
  expect(tune(16 * gb)).toMatchObject({
    shared_buffers: '4096MB',
    effective_cache_size: '12288MB',
    maintenance_work_mem: '1024MB',
    random_page_cost: '1.1',
    max_connections: '200',
  })
})

it('takes no more than a gigabyte beside other things, however large the machine', () => {
  expect(tune(2 * gb, { beside: true })['shared_buffers']).toBe('512MB')
  expect(tune(64 * gb, { beside: true })['shared_buffers']).toBe('1024MB')
})

it('starts on the smallest machine too', () => {
  expect(tune(1)).toMatchObject({ shared_buffers: '128MB', work_mem: '4MB', maintenance_work_mem: '32MB' })
})

it('never promises all connections together more sort memory than there is', () => {
  for (const memory of [1, 4, 16, 256]) {
    const { work_mem = '', max_connections = '' } = tune(memory * gb, { maxConnections: 400 })
    const promised = Number.parseInt(work_mem, 10) * 1024 ** 2 * Number(max_connections)
    expect(promised).toBeLessThanOrEqual(Math.max(memory * gb, 4 * 1024 ** 2 * 400))
  }
})

it('writes lines that postgresql.conf takes', () => {
  expect(formatSettings({ jit: 'off', log_line_prefix: '%m ' })).toBe("jit = off\nlog_line_prefix = '%m '")
})

it('divides the connections that are left between pools, and none of them goes to standbys', () => {
  for (const maxConnections of [40, 200, 333])
    for (const pools of [1, 2, 3]) {
      const settings = tune(gb, { maxConnections, standbys: 7 })
      const available = maxConnections - Number(settings['superuser_reserved_connections'])
      const pool = poolSize({ max: maxConnections, available, pooled: false, pools })
      expect(pools * pool).toBeLessThanOrEqual(available - 5)
      expect(pools * (pool + 1)).toBeGreaterThan(available - 5)
      expect(sumConnections(settings, { pools, standbys: 7 })[1]).toBe(
        connectionParts({ available, pool, pools }),
      )
      expect(Number(settings['max_wal_senders'])).toBeGreaterThan(7)
    }
})

it('names the connections that are left between pools, and those that a small server lacks', () => {
  const parts = (available: number, pools: number) =>
    connectionParts({
      available,
      pools,
      pool: poolSize({ max: available + 3, available, pooled: false, pools }),
    })
  expect(parts(197, 2)).toBe('197 = 2 migrations + 3 operator + 2 × 96 pool')
  expect(parts(197, 5)).toBe('197 = 2 migrations + 3 operator + 5 × 38 pool + 2 left')
  expect(parts(3, 1)).toBe('3 = 2 migrations + 3 operator + 0 pool - 2 missing')
})

it.each([
  ['--pools', '1.5'],
  ['--connections', '20.5'],
  ['--standbys', 'two'],
])('refuses %s %s and says what to type', async (...wrong) => {
  const command = join(import.meta.dirname, '../../dev/commands/tune.ts')
  await expect(run(process.execPath, [command, '16', ...wrong])).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining('such as --pools 2'),
  })
})

it('sets what the operator’s README explains, to the values that it shows', () => {
  const readme = readFileSync(join(import.meta.dirname, '../../functions/ops/README.md'), 'utf8')
  const [, table = ''] = readme.split('| setting | value at 16 GB | why |')
  const rows = (table.split('\n\n')[0] ?? '').split('\n')
  const shown = Object.entries(tune(16 * gb)).map(([name, value]) => {
    const cells = rows.find((row) => row.includes(`\`${name}\``))?.split(' | ') ?? []
    return [name, (cells[1] ?? '').split(', ').includes(value) && (cells[2] ?? '').length > 10]
  })
  expect(shown.length).toBeGreaterThan(20)
  expect(shown.filter(([, isShown]) => !isShown)).toEqual([])
})

it('prints the sum of connections that the operator’s README shows', () => {
  const readme = readFileSync(join(import.meta.dirname, '../../functions/ops/README.md'), 'utf8')
  const settings = tune(16 * gb, { standbys: 2 })
  const lines = sumConnections(settings, { pools: 2, standbys: 2 }).map((line) => `# ${line}\n`)
  expect(readme).toContain(`\`\`\`\n${lines.join('')}\`\`\``)
  const pool = poolSize({ max: 100, available: 97, pooled: false })
  expect(readme.replaceAll('\n', ' ')).toContain(`100 − 3 = \`${connectionParts({ available: 97, pool })}\``)
})
