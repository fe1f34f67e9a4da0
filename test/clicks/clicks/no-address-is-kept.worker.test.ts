import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createQueueFaults } from '../../../dev/system/queue-faults.ts'
import { soon } from '../../support/soon.ts'
import { freshWorker } from '../../support/worker.ts'
import { givenCampaign } from '../support/given.ts'
import { visit } from '../support/visiting.ts'

const lines: string[] = []
const queueFaults = createQueueFaults()
const app = await freshWorker({ queueFaults, onLog: (line) => void lines.push(line) })
const { admin } = app.database

const canaries = ['198.51.100.213', '2001:db8:cafe:1234:5678:9abc:def0:4321']

/** Every row of every table of the database, as text. */
async function everything(): Promise<string> {
  const { rows: tables } = await admin.query<{ name: string }>(
    `select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind = 'r' and n.nspname in ('clicks', 'core', 'ops')`,
  )
  const texts: string[] = []
  for (const { name } of tables) {
    const { rows } = await admin.query(
      `select coalesce(string_agg(t::text, chr(10)), '') as text from ${name} t`,
    )
    texts.push(rows[0].text)
  }
  return texts.join('\n')
}

/** The cluster writes its log beside its data. */
async function postgresLog(): Promise<string> {
  const { rows } = await admin.query<{ folder: string }>("select current_setting('data_directory') as folder")
  return readFileSync(join(rows[0]?.folder ?? '', '../postgres.log'), 'utf8')
}

describe('the address of a visitor', () => {
  it('is in no table, message, dead letter or log, and its network is', async () => {
    const campaign = await givenCampaign(admin)
    for (const address of canaries)
      expect((await visit(app, `/c/${campaign.slug}`, { address })).status).toBe(302)
    const stored = () => admin.query('select ip_prefix::text from clicks.clicks order by id')
    await expect.poll(async () => (await stored()).rows, soon).toHaveLength(2)
    expect((await stored()).rows).toEqual([
      { ip_prefix: '198.51.100.0/24' },
      { ip_prefix: '2001:db8:cafe::/48' },
    ])

    // A message that Postgres refuses becomes a dead letter, and Postgres and the Worker log the refusal.
    await admin.query(
      `alter table clicks.clicks add constraint refuse_all check (kind = 'nothing') not valid`,
    )
    for (const address of canaries) await visit(app, `/c/${campaign.slug}?sub1=dead`, { address })
    const dead = () => admin.query('select body from core.dead_messages')
    await expect.poll(async () => (await dead()).rows.length, soon).toBeGreaterThan(0)
    expect((await dead()).rows[0].body).toContain('"prefix"')

    const kept = await everything()
    expect(kept).toContain('198.51.100.0/24')
    expect(lines.join('\n')).not.toBe('')
    const log = await postgresLog()
    expect(log).toContain('refuse_all')
    for (const canary of [...canaries, '2001:db8:cafe:1234'])
      for (const [where, text] of Object.entries({ kept, log, lines: lines.join('\n') }))
        expect(text.includes(canary), `${canary} in ${where}`).toBe(false)
  })

  it('would be found by this search if a table had it', async () => {
    const campaign = await givenCampaign(admin, { slug: 'holds-198-51-100-213' })
    await admin.query('update clicks.campaigns set name = $1 where id = $2', [canaries[0], campaign.id])
    expect(await everything()).toContain(canaries[0])
  })
})
