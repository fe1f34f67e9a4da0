import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { importTableAsMarkdown } from '../../dev/check/import-document.ts'
import { importTable } from '../../dev/check/import-table.ts'
import { importBreaches } from '../../dev/check/imports.ts'
import { planted } from './planted.ts'

// [the file, a line that breaks its row]. Every row that forbids anything has at least one.
const breaches: Record<string, [file: string, line: string][]> = {
  'functions/<m>/hot.ts': [
    ['functions/dispatch/hot.ts', "import { routes } from './orders/routes.ts'"],
    ['functions/dispatch/hot.ts', "import { placeStatement } from '../ledger/bets/place.ts'"],
  ],
  'schema/kit/*.ts': [
    ['schema/kit/incremental.ts', "import { bets } from '../ledger/tables.ts'"],
    ['schema/kit/columns.ts', "import { z } from 'zod'"],
  ],
  'schema/<row>/states.ts': [['schema/dispatch/states.ts', "import { sql } from 'drizzle-orm'"]],
  'schema/<row>/tables{,/*}.ts': [
    ['schema/dispatch/tables.ts', "import { bets } from '../ledger/tables.ts'"],
    ['schema/clicks/tables/clicks.ts', "import { zones } from '../../fleet/tables/zones.ts'"],
    ['schema/dispatch/tables.ts', "import { price } from '../../functions/dispatch/rules.ts'"],
    ['schema/dispatch/tables.ts', "import { sqlFunction } from '../kit/declare.ts'"],
    ['schema/dispatch/tables.ts', "import { dispatchDeclared } from './declared.ts'"],
    ['schema/core/tables.ts', "import pg from 'pg'"],
  ],
  'schema/<row>/rules.ts': [
    ['schema/dispatch/rules.ts', "import { orders } from './tables.ts'"],
    ['schema/ledger/rules.ts', "import { filesOf } from '../kit/files.ts'"],
  ],
  'schema/<row>/declared.ts': [
    ['schema/dispatch/declared.ts', "import { bets } from '../ledger/tables.ts'"],
    ['schema/core/declared.ts', "import pg from 'pg'"],
  ],
  'schema/migrations/{index,hot}.ts': [
    ['schema/migrations/index.ts', "import { sql } from 'drizzle-orm'"],
    ['schema/migrations/hot.ts', "import { sql } from 'drizzle-orm'"],
  ],
  'functions/registry/*.ts': [
    ['functions/registry/locks.ts', "import { Hono } from 'hono'"],
    ['functions/registry/locks.ts', "import { claimRow } from '../core/claim.ts'"],
  ],
  'functions/core/db.ts': [['functions/core/db.ts', "import { Hono } from 'hono'"]],
  'functions/core/hot.ts': [
    ['functions/core/hot.ts', "import { neon } from '@neondatabase/serverless'"],
    ['functions/core/hot.ts', "import { orders } from '../../schema/dispatch/tables.ts'"],
  ],
  'functions/core/*.ts': [
    ['functions/core/claim.ts', "import { neon } from '@neondatabase/serverless'"],
    ['functions/core/claim.ts', "import { orders } from '../../schema/dispatch/tables.ts'"],
    ['functions/core/claim.ts', "import { claimOrder } from '../dispatch/orders/claim.ts'"],
    ['functions/core/claim.ts', "import { problem } from '../http/problem.ts'"],
    ['functions/core/claim.ts', "import { jobs } from '../../cron/core.ts'"],
    ['functions/core/claim.ts', "import { drizzle } from 'drizzle-orm/neon-http'"],
  ],
  'functions/http/auth.ts': [
    ['functions/http/auth.ts', "import { sql } from 'drizzle-orm'"],
    ['functions/http/auth.ts', "import { Hono } from 'hono'"],
  ],
  'functions/http/unpack.ts': [['functions/http/unpack.ts', "import { readFileSync } from 'node:fs'"]],
  'functions/http/*.ts': [
    ['functions/http/body.ts', "import { sql } from 'drizzle-orm'"],
    ['functions/http/body.ts', "import { jwtVerify } from 'jose'"],
    ['functions/http/body.ts', "import { tenants } from '../../schema/ledger/tables.ts'"],
    ['functions/http/body.ts', "import { quote } from '../dispatch/orders/quote.ts'"],
    ['functions/http/body.ts', "import { makeDb } from '../core/db.ts'"],
  ],
  'functions/ops/{,*/}contract.ts': [
    ['functions/ops/jobs/contract.ts', "import { Order } from '../../dispatch/orders/contract.ts'"],
    ['functions/ops/jobs/contract.ts', "import { jobRuns } from '../../../schema/core/tables.ts'"],
  ],
  'functions/<m>/{,*/}contract.ts': [
    ['functions/dispatch/contract.ts', "import { AppError } from '../core/errors.ts'"],
    ['functions/dispatch/orders/contract.ts', "import { orders } from '../../../schema/dispatch/tables.ts'"],
    ['functions/dispatch/orders/contract.ts', "import { Bet } from '../../ledger/bets/contract.ts'"],
  ],
  'functions/<m>/rules.ts': [
    ['functions/dispatch/rules.ts', "import { AppError } from '../core/errors.ts'"],
    ['functions/dispatch/rules.ts', "import { orders } from '../../schema/dispatch/tables.ts'"],
    ['functions/dispatch/rules.ts', "import { sql } from 'drizzle-orm'"],
    ['functions/dispatch/rules.ts', "import { randomUUID } from 'node:crypto'"],
  ],
  'functions/<m>/events.ts': [
    ['functions/ledger/events.ts', "import type { Bet } from '../../schema/clicks/tables.ts'"],
    ['functions/ledger/events.ts', "import { decide } from './decide.ts'"],
  ],
  'functions/<m>/decide.ts': [['functions/ledger/decide.ts', "import { post } from './bets/post.ts'"]],
  'functions/<m>/feed.ts': [
    ['functions/dispatch/feed.ts', "import { openStream } from '../http/stream.ts'"],
    ['functions/dispatch/feed.ts', "import { ledgerFeed } from '../ledger/feed.ts'"],
  ],
  'functions/<m>/*/routes.ts': [
    ['functions/dispatch/orders/routes.ts', "import { sql } from 'drizzle-orm'"],
    ['functions/dispatch/orders/routes.ts', "import { orders } from '../../../schema/dispatch/tables.ts'"],
    ['functions/dispatch/orders/routes.ts', "import { makeDb } from '../../core/db.ts'"],
    ['functions/dispatch/orders/routes.ts', "import { placeBet } from '../../ledger/bets/place.ts'"],
  ],
  'functions/<m>/queue.ts': [
    ['functions/fleet/queue.ts', "import { Hono } from 'hono'"],
    ['functions/fleet/queue.ts', "import { makeDb } from '../core/db.ts'"],
  ],
  'functions/<m>/story.ts': [
    ['functions/dispatch/story.ts', "import { ledgerStory } from '../ledger/story.ts'"],
  ],
  'functions/<m>/watch.ts': [
    ['functions/dispatch/watch.ts', "import { Hono } from 'hono'"],
    ['functions/dispatch/watch.ts', "import { ledgerWatch } from '../ledger/watch.ts'"],
  ],
  'functions/<m>/module.ts': [
    ['functions/dispatch/module.ts', "import { claimOrder } from './orders/claim.ts'"],
    ['functions/dispatch/module.ts', "import { ledgerModule } from '../ledger/module.ts'"],
  ],
  'functions/clicks/clicks/agent.ts': [
    ['functions/clicks/clicks/agent.ts', "import { isbotMatch } from 'isbot'"],
  ],
  'functions/clicks/clicks/bot.ts': [['functions/clicks/clicks/bot.ts', "import bowser from 'bowser'"]],
  'functions/clicks/clicks/new-id.ts': [
    ['functions/clicks/clicks/new-id.ts', "import { AppError } from '../../core/errors.ts'"],
  ],
  'functions/space/iss/orbit.ts': [
    ['functions/space/iss/orbit.ts', "import { sql } from 'drizzle-orm'"],
    ['functions/space/iss/orbit.ts', "import { AppError } from '../../core/errors.ts'"],
  ],
  'functions/fleet/configs/open-broker.ts': [
    ['functions/fleet/configs/open-broker.ts', "import { sql } from 'drizzle-orm'"],
  ],
  'functions/ops/*/<verb>.ts': [
    ['functions/ops/views/list.ts', "import { orders } from '../../../schema/dispatch/tables.ts'"],
  ],
  'functions/<m>/*/<verb>.ts': [
    ['functions/dispatch/orders/claim.ts', "import { Hono } from 'hono'"],
    [
      'functions/webhooks/deliveries/replay.ts',
      "import { orders } from '../../../schema/dispatch/tables.ts'",
    ],
    ['functions/webhooks/deliveries/replay.ts', "import { outbox } from '../../../schema/core/tables.ts'"],
    ['functions/dispatch/orders/claim.ts', "import { problem } from '../../http/problem.ts'"],
    ['functions/dispatch/orders/claim.ts', "import { post } from '../../ledger/journal/post.ts'"],
    ['functions/dispatch/orders/claim.ts', "import { bets } from '../../../schema/ledger/tables.ts'"],
    ['functions/dispatch/orders/claim.ts', "import { routes } from './routes.ts'"],
    ['functions/dispatch/orders/claim.ts', "import { neon } from '@neondatabase/serverless'"],
  ],
  'functions/{app,durable-objects,gatherer,modules,queues,regulator,spill,streams}.ts': [
    ['functions/app.ts', "import { seed } from '../dev/seed.ts'"],
    ['functions/modules.ts', "import { jobs } from '../cron/index.ts'"],
  ],
  'cron/index.ts': [['cron/index.ts', "import { tick } from '../dev/ticker.ts'"]],
  'cron/core.ts': [['cron/core.ts', "import { sweep } from '../functions/dispatch/orders/sweep.ts'"]],
  'cron/<m>.ts': [
    ['cron/dispatch.ts', "import { orders } from '../schema/dispatch/tables.ts'"],
    ['cron/dispatch.ts', "import { settle } from '../functions/ledger/bets/settle.ts'"],
    ['cron/dispatch.ts', "import { sql } from 'drizzle-orm'"],
    ['cron/dispatch.ts', "import { routes } from '../functions/dispatch/orders/routes.ts'"],
  ],
  'worker.ts': [['worker.ts', "import { clone } from './test/support/database.ts'"]],
  'web/docs/*': [
    ['web/docs/start.js', "import { list } from '../ledger/list.js'"],
    ['web/docs/start.js', "import { listJobs } from '../../functions/ops/jobs/list.ts'"],
    ['web/docs/start.js', "import { z } from 'zod'"],
  ],
  'web/parts/map.tsx': [['web/parts/map.tsx', "import uPlot from 'uplot'"]],
  'web/parts/chart.tsx': [['web/parts/chart.tsx', "import { geoPath } from 'd3-geo'"]],
  'web/parts/stream.ts': [['web/parts/stream.ts', "import { geoPath } from 'd3-geo'"]],
  'web/parts/*': [
    ['web/parts/list.tsx', "import { page } from '../ledger/bets.tsx'"],
    ['web/parts/list.tsx', "import type { Bet } from '../../functions/ledger/bets/contract.ts'"],
  ],
  'web/{main.tsx,pages.ts,people.ts,api.ts,assets.d.ts}': [
    ['web/api.ts', "import { problems } from '../functions/registry/problems.ts'"],
  ],
  'web/<m>/*': [
    ['web/ledger/bets.tsx', "import { page } from '../dispatch/orders.tsx'"],
    ['web/ledger/bets.tsx', "import { Bet } from '../../functions/ledger/bets/contract.ts'"],
    ['web/ledger/bets.tsx', "import type { Order } from '../../functions/dispatch/orders/contract.ts'"],
    ['web/ledger/bets.tsx', "import { z } from 'zod'"],
  ],
  'dev/**': [['dev/start.ts', "import { clone } from '../test/support/database.ts'"]],
}

const root = join(import.meta.dirname, '../..')

describe('the import table', () => {
  it('stands in ARCHITECTURE.md as it is enforced', () => {
    expect(readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8')).toContain(importTableAsMarkdown())
  })

  const restricted = importTable.filter(({ may }) => !may.includes('**')).map(({ file }) => file)

  it('has a planted breach for every row that forbids anything', () => {
    expect(Object.keys(breaches).toSorted()).toEqual(restricted.toSorted())
  })

  for (const [row, cases] of Object.entries(breaches)) {
    it.each(cases)(`${row}: finds in %s the line %s`, (file, line) => {
      const found = importBreaches(planted({ [file]: `const first = 1\n${line}\n` }))
      expect(found).toHaveLength(1)
      expect(found[0]?.where).toBe(`${file}:2`)
      expect(found[0]?.what).toContain(`${row} may import `)
    })
  }

  it.each([
    ['schema/dispatch/tables.ts', "import { id } from '../kit/columns.ts'"],
    ['functions/core/db.ts', "import { neon } from '@neondatabase/serverless'"],
    ['functions/http/body.ts', "import type { Db } from '../core/db.ts'"],
    ['functions/dispatch/rules.ts', "import { statuses } from '../../schema/dispatch/states.ts'"],
    ['functions/dispatch/orders/claim.ts', "import { orders } from '../../../schema/dispatch/tables.ts'"],
    ['functions/dispatch/orders/claim.ts', "import { priceOf } from '../rules.ts'"],
    ['functions/dispatch/orders/claim.ts', "import { showStore } from '../stores/show.ts'"],
    ['functions/ops/views/list.ts', "import { jobRuns } from '../../../schema/core/tables.ts'"],
    ['functions/ops/views/list.ts', "import { View } from './contract.ts'"],
    ['functions/ledger/decide.ts', "import { BetPlaced } from './events.ts'"],
    ['functions/modules.ts', "import { dispatchModule } from './dispatch/module.ts'"],
    ['schema/dispatch/tables.ts', "import { pgSchema } from 'drizzle-orm/pg-core'"],
    ['schema/core/declared.ts', "import { outbox } from './tables.ts'"],
    ['functions/dispatch/orders/routes.ts', "import { claimOrder } from './claim.ts'"],
    ['functions/streams.ts', "import { DurableObject } from 'cloudflare:workers'"],
    ['cron/dispatch.ts', "import { sweep } from '../functions/dispatch/orders/sweep.ts'"],
    ['web/ledger/bets.tsx', "import { table } from '../parts/table.tsx'"],
    ['web/ledger/bets.tsx', "import type { Bet } from '../../functions/ledger/bets/contract.ts'"],
    ['web/pages.ts', "const load = () => import('./ledger/bets.tsx')"],
  ])('lets %s say %s', (file, line) => {
    expect(importBreaches(planted({ [file]: line }))).toEqual([])
  })

  it.each([
    "import { post } from '../../ledger/journal/post.ts'",
    "import type { Post } from '../../ledger/journal/post.ts'",
    "import '../../ledger/journal/post.ts'",
    "export { post } from '../../ledger/journal/post.ts'",
    "export type { Post } from '../../ledger/journal/post.ts'",
    "export * from '../../ledger/journal/post.ts'",
    "const late = await import('../../ledger/journal/post.ts')",
    "type Late = import('../../ledger/journal/post.ts').Post",
    "const old = require('../../ledger/journal/post.ts')",
    'const computed = await import(`../${name}/post.ts`)',
  ])('reads an import however it is written: %s', (line) => {
    expect(importBreaches(planted({ 'functions/dispatch/orders/claim.ts': line }))).toHaveLength(1)
  })

  it('tells a file without a home', () => {
    const homeless = [
      'functions/claim.ts',
      'functions/dispatch/claim.ts',
      'lib/claim.ts',
      'cron/deep/dispatch.ts',
    ]
    const found = importBreaches(planted(Object.fromEntries(homeless.map((file) => [file, '']))))
    expect(found.map(({ where }) => where).toSorted()).toEqual(homeless.toSorted())
  })

  it.each([
    'Date.now()',
    'new Date()',
    'Math.random()',
    'crypto.randomUUID()',
    'fetch(url)',
    'process.env.HOME',
  ])('keeps decisions on paper: a rule cannot use %s', (use) => {
    expect(
      importBreaches(planted({ 'functions/dispatch/rules.ts': `export const at = ${use}` })),
    ).toHaveLength(1)
  })

  it('lets a rule make a date out of one it was given', () => {
    expect(
      importBreaches(planted({ 'functions/dispatch/rules.ts': 'export const at = new Date(given)' })),
    ).toEqual([])
  })
})
