import { describe, expect, it } from 'vitest'
import { cronTriggers } from '../../dev/check/cron-triggers.ts'
import { developmentSettings } from '../../dev/check/development-settings.ts'
import { documentPaths } from '../../dev/check/documents.ts'
import { lateHooks } from '../../dev/check/late-hooks.ts'
import { forgottenPackages } from '../../dev/check/lock-file.ts'
import { machinePaths } from '../../dev/check/machine-paths.ts'
import { kindNames } from '../../dev/check/names.ts'
import { streamQueues } from '../../dev/check/queues.ts'
import { sessionLocks } from '../../dev/check/session-locks.ts'
import { runSteps } from '../../dev/check/steps.ts'
import { planted } from './planted.ts'

describe('session locks', () => {
  const call = (name: string) => `export const lock = sql\`select ${name}(1)\``

  it.each([
    'pg_advisory_lock',
    'pg_try_advisory_lock',
    'pg_advisory_unlock',
    'pg_advisory_unlock_all',
    'pg_try_advisory_lock_shared',
  ])('finds %s', (name) => {
    expect(sessionLocks(planted({ 'functions/core/guard.ts': call(name) }))).toHaveLength(1)
    expect(sessionLocks(planted({ 'schema/migrations/0001_guard.sql': `select ${name}(1);` }))).toHaveLength(
      1,
    )
  })

  it('lets a transaction lock be, and a comment that says why', () => {
    const files = {
      'functions/core/guard.ts': `// never pg_try_advisory_lock\n${call('pg_try_advisory_xact_lock')}`,
      'schema/migrations/0001_guard.sql': '-- not pg_advisory_lock\nselect pg_advisory_xact_lock(1);',
    }
    expect(sessionLocks(planted(files))).toEqual([])
  })

  it('lets only the proxy unlock what a client left behind', () => {
    expect(sessionLocks(planted({ 'dev/neon-proxy/pool.ts': call('pg_advisory_unlock_all') }))).toEqual([])
    expect(sessionLocks(planted({ 'dev/neon-proxy/pool.ts': call('pg_advisory_lock') }))).toHaveLength(1)
    expect(sessionLocks(planted({ 'dev/commands/start.ts': call('pg_advisory_unlock_all') }))).toHaveLength(1)
  })
})

describe('file names', () => {
  it.each([
    'functions/dispatch/utils.ts',
    'functions/dispatch/helpers/price.ts',
    'functions/core/types.ts',
    'functions/core/db.types.ts',
    'functions/shared/money.ts',
    'test/support/test-helpers.ts',
    'schema/constants.ts',
  ])('finds that %s is named after a kind of code', (path) => {
    expect(kindNames(planted({ [path]: '' }))).toHaveLength(1)
  })

  it('lets a name that says what it does be', () => {
    expect(
      kindNames(planted({ 'functions/core/once.ts': '', 'functions/fleet/commonality.ts': '' })),
    ).toEqual([])
  })
})

describe('machine paths', () => {
  it.each(['work', 'root', 'home/ana', 'tmp/bash_jobs'])('finds a path below %s', (folder) => {
    const found = machinePaths(planted({ 'README.md': `first\nsee /${folder}/notes.md` }))
    expect(found.map(({ where }) => where)).toEqual(['README.md:2'])
  })

  it('finds a neighbour of the repository', () => {
    expect(
      machinePaths(planted({ 'dev/commands/start.ts': ["'..", "shared/design'"].join('/') })),
    ).toHaveLength(1)
  })

  it('lets the web and the repository itself be', () => {
    const files = { 'README.md': 'https://example.org/work/1 and functions/work/claim.ts and /worker' }
    expect(machinePaths(planted(files))).toEqual([])
  })
})

describe('document paths', () => {
  const tree = (text: string) =>
    planted({
      'README.md': text,
      'functions/core/db.ts': '',
      'docs/why.md': '',
      'package.json': '{"scripts":{"start":"node dev/commands/start.ts"}}',
    })

  it.each([
    ['`functions/core/gone.ts`', 'functions/core/gone.ts'],
    ['`functions/gone`', 'functions/gone'],
    ['`gone.ts`', 'gone.ts'],
    ['`gone/`', 'gone/'],
    ['`.gone.test.ts`', '.gone.test.ts'],
    ['`functions/gone/<verb>.ts`', 'functions/gone/<verb>.ts'],
    ['[why](docs/gone.md)', 'docs/gone.md'],
    ['`npm run gone`', 'npm run gone'],
    ['```sh\nnpm run gone\n```', 'npm run gone'],
  ])('finds that %s does not exist', (text, name) => {
    const found = documentPaths(tree(text))
    expect(found).toHaveLength(1)
    expect(found[0]?.what).toContain(name)
  })

  it.each([
    '`functions/core/db.ts` `core/db.ts` `db.ts` `functions/core` `core/` `functions/core/*.ts` `.ts`',
    '`routes.ts` `functions/<m>/<verb>.ts` `functions/{core,gone}/db.ts`',
    '[why](docs/why.md#cost) [out](https://example.org/gone.md) [here](#gone)',
    '`text/event-stream` `drizzle-orm/pg-core` `/v1/dispatch/orders` `.lockstep/` `npm run start`',
    '```\ngone/claim.ts\n```',
  ])('lets %s be', (text) => {
    expect(documentPaths(tree(text))).toEqual([])
  })
})

describe('cron triggers', () => {
  const toml = '[triggers]\ncrons = [\n  # every minute\n  "* * * * *",\n  "0 3 * * *",\n]\n'

  it('passes when both sides say the same', () => {
    expect(cronTriggers(toml, ['0 3 * * *', '* * * * *'])).toEqual([])
  })

  it('finds a job that Cloudflare would never fire', () => {
    const found = cronTriggers(toml, ['* * * * *', '0 3 * * *', '*/5 * * * *'])
    expect(found.map(({ what }) => what)).toEqual(['crons lacks "*/5 * * * *", which cron/index.ts runs'])
  })

  it('finds a trigger that nothing answers', () => {
    const found = cronTriggers(toml, ['* * * * *'])
    expect(found.map(({ what }) => what)).toEqual([
      'crons has "0 3 * * *", for which cron/index.ts has no job',
    ])
  })
})

describe('late hooks', () => {
  it('finds an afterAll that may be registered while a test runs', () => {
    const text = 'export function server() {\n  afterAll(() => stop())\n}\n'
    expect(lateHooks(planted({ 'test/support/server.ts': text })).map(({ where }) => where)).toEqual([
      'test/support/server.ts:2',
    ])
  })

  it('lets an afterAll at the top of a file be', () => {
    expect(lateHooks(planted({ 'test/core/claim.race.test.ts': 'afterAll(() => stop())\n' }))).toEqual([])
  })
})

describe('lock file', () => {
  const tool = { optionalDependencies: { 'tool-linux': '2', 'tool-mac': '2' } }

  it('passes when every platform is named, beside its tool or above it', () => {
    const packages = {
      '': {},
      'node_modules/lint/node_modules/tool': tool,
      'node_modules/lint/node_modules/tool-mac': {},
      'node_modules/tool-linux': {},
    }
    expect(forgottenPackages({ packages })).toEqual([])
  })

  it('finds a platform that an install forgot', () => {
    const packages = { '': {}, 'node_modules/tool': tool, 'node_modules/tool-linux': {} }
    const found = forgottenPackages({ packages })
    expect(found.map(({ what }) => what)).toEqual(['lacks tool-mac, an optional part of node_modules/tool'])
  })
})

describe('the run of all checks', () => {
  it('tells every failure, not only the first', async () => {
    const lines: string[] = []
    const failed = await runSteps(
      [
        { name: 'fails', run: () => 'a.ts:1 is wrong' },
        { name: 'breaks', run: () => Promise.reject(new Error('tool is missing')) },
        { name: 'passes', run: () => '' },
      ],
      (line) => lines.push(line),
    )
    expect(failed).toBe(2)
    const printed = lines.join('\n')
    expect(printed).toContain('a.ts:1 is wrong')
    expect(printed).toContain('tool is missing')
    expect(printed).toContain('2 of 3 checks failed')
  })

  it('counts nothing as failed when nothing was found', async () => {
    expect(await runSteps([{ name: 'passes', run: () => '' }], () => {})).toBe(0)
  })
})

describe('settings of npm start', () => {
  it('may not stand in the configuration of the deployment, but in its comments', () => {
    expect(developmentSettings('[vars]\n# Never DEV_SIGN_IN.\nAUTH_ISSUER = "a"')).toEqual([])
    expect(developmentSettings('[vars]\nDEV_SIGN_IN = "1"\nNEON_PROXY = "a"')).toHaveLength(2)
  })
})

describe('queues of streams', () => {
  const consumer = { queue: 'clicks', dead_letter_queue: 'clicks-dead', max_retries: 30 }
  const complete = {
    producers: [{ binding: 'QUEUE_CLICKS', queue: 'clicks' }],
    consumers: [consumer, { queue: 'clicks-dead' }],
  }

  it('accepts a stream with its producer, its consumer and the consumer of its dead letters', () => {
    expect(streamQueues(complete, ['clicks'])).toEqual([])
  })

  it('names each part that is missing, and a queue that no row receives', () => {
    const whats = (queues: Parameters<typeof streamQueues>[0], streams = ['clicks']) =>
      streamQueues(queues, streams).map(({ what }) => what)
    expect(whats({ producers: [], consumers: [] })).toHaveLength(4)
    expect(whats({ ...complete, producers: [] })).toEqual(['lacks a producer QUEUE_CLICKS of clicks'])
    expect(
      whats({
        ...complete,
        consumers: [{ ...consumer, dead_letter_queue: undefined }, { queue: 'clicks-dead' }],
      }),
    ).toEqual(['lacks a consumer of clicks with clicks-dead for its dead letters'])
    expect(whats({ ...complete, consumers: [consumer] })).toEqual(['lacks a consumer of clicks-dead'])
    expect(whats(complete, [])).toEqual([
      'consumes clicks, which no row receives',
      'consumes clicks-dead, which no row receives',
    ])
  })
})
