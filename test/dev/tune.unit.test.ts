import { expect, it } from 'vitest'
import { formatSettings, tune } from '../../dev/postgres/tune.ts'

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
