import { DurableObject } from 'cloudflare:workers'
import type { Report } from './core/counts.ts'
import { added, type Gathered, type Isolate, makeGathered, type Sums } from './core/gathered.ts'
import type { GathererAnswer } from './registry/env.ts'

type Entries = [string, number[]][]
type Row = { id: string; n: number; open: number; heard_at: number; counts: string }

/** A late report may come as long as its isolate is stored; after that its counts are in the base alone. */
const storedMs = 24 * 60 * 60_000
const sweepMs = 15 * 60_000
const silentMs = 2 * 60_000
const goneMs = 15 * 60_000

/**
 * Adds up the counts of all isolates and keeps the sums on its disk. A report is one row, because Cloudflare bills rows.
 * Its answer leaves the object only after the row is stored, and so does every sum that it shows.
 */
export class Metrics extends DurableObject<object> {
  #gathered: Gathered | null = null

  constructor(state: DurableObjectState, env: object) {
    super(state, env)
    state.storage.sql.exec(`create table if not exists isolates (
      id text primary key, n integer not null, open integer not null, heard_at integer not null, counts text not null)`)
    state.storage.sql.exec('create table if not exists base (id integer primary key, counts text not null)')
    state.storage.sql.exec(
      'create table if not exists minutes (minute integer primary key, counts text not null)',
    )
  }

  async report(report: Report): Promise<void> {
    const now = Date.now()
    const gathered = this.#known()
    const isolate = gathered.merge(report, now, () => this.#stored(report.isolate))
    const { sql } = this.ctx.storage
    sql.exec(
      'insert or replace into isolates (id, n, open, heard_at, counts) values (?, ?, ?, ?, ?)',
      isolate.id,
      isolate.n,
      isolate.open,
      isolate.heardAt,
      textOf(isolate.values),
    )
    for (const { minute, increments } of gathered.closedMinutes(now))
      sql.exec('insert or replace into minutes (minute, counts) values (?, ?)', minute, textOf(increments))
    if ((await this.ctx.storage.getAlarm()) === null) await this.ctx.storage.setAlarm(now + sweepMs)
  }

  read({ names, minutes }: { names: readonly string[] | null; minutes: number }): GathererAnswer {
    const now = Date.now()
    const { sums, isolates, within } = this.#known()
    const lately = within(minutes, now)
    const wanted = names === null ? null : new Set(names)
    const heard = [...isolates.values()].filter(({ heardAt }) => now - heardAt < goneMs)
    const silent = heard.filter(({ open, heardAt }) => open > 0 && now - heardAt > silentMs)
    const newest = Math.max(0, ...[...isolates.values()].map(({ heardAt }) => heardAt))
    return {
      asOf: now,
      since: (Math.floor(now / 60_000) - minutes + 1) * 60_000,
      isolates: heard.length,
      silent: silent.length,
      open: heard.filter((one) => !silent.includes(one)).reduce((sum, { open }) => sum + open, 0),
      heardAt: newest === 0 ? null : newest,
      series: [...sums]
        .filter(([key]) => wanted === null || wanted.has(key.split('\t', 1)[0] ?? ''))
        .map(([key, total]) => [key, total, lately.get(key) ?? []] as const),
    }
  }

  /** Moves the counts of isolates that ended long ago to the base, and frees the memory of those that are gone. */
  override async alarm(): Promise<void> {
    const now = Date.now()
    const { storage } = this.ctx
    const gathered = this.#known()
    for (const { id, heardAt } of gathered.isolates.values()) if (now - heardAt > goneMs) gathered.forget(id)
    storage.transactionSync(() => {
      const old = storage.sql.exec<Row>('select * from isolates where heard_at < ?', now - storedMs).toArray()
      if (old.length > 0) {
        const base = this.#base()
        for (const { counts } of old)
          for (const [key, values] of entriesOf(counts)) base.set(key, added(base.get(key) ?? [], values))
        storage.sql.exec('insert or replace into base (id, counts) values (1, ?)', textOf(base))
        storage.sql.exec('delete from isolates where heard_at < ?', now - storedMs)
      }
      storage.sql.exec('delete from minutes where minute < ?', Math.floor(now / 60_000) - 61)
    })
    if (storage.sql.exec('select 1 from isolates limit 1').toArray().length > 0)
      await storage.setAlarm(now + sweepMs)
  }

  #known(): Gathered {
    this.#gathered ??= this.#load()
    return this.#gathered
  }

  #load(): Gathered {
    const { sql } = this.ctx.storage
    const sums = this.#base()
    const isolates: Isolate[] = []
    const now = Date.now()
    for (const row of sql.exec<Row>('select * from isolates')) {
      const isolate = isolateOf(row)
      for (const [key, values] of isolate.values) sums.set(key, added(sums.get(key) ?? [], values))
      if (now - isolate.heardAt < goneMs) isolates.push(isolate)
    }
    const minutes = sql.exec<{ minute: number; counts: string }>('select * from minutes').toArray()
    return makeGathered({
      sums,
      isolates,
      minutes: minutes.map(({ minute, counts }) => ({ minute, increments: new Map(entriesOf(counts)) })),
    })
  }

  #base(): Sums {
    const [row] = this.ctx.storage.sql.exec<{ counts: string }>('select counts from base').toArray()
    return new Map(row === undefined ? [] : entriesOf(row.counts))
  }

  #stored(id: string): Isolate | null {
    const [row] = this.ctx.storage.sql.exec<Row>('select * from isolates where id = ?', id).toArray()
    return row === undefined ? null : isolateOf(row)
  }
}

function isolateOf({ id, n, open, heard_at: heardAt, counts }: Row): Isolate {
  return { id, n, open, heardAt, values: new Map(entriesOf(counts)) }
}

function textOf(sums: Sums): string {
  return JSON.stringify([...sums])
}

/** Written by `textOf`. */
function entriesOf(text: string): Entries {
  return JSON.parse(text) as Entries
}
