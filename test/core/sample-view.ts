import { streamView } from '../../schema/kit/incremental.ts'
import type { TestDatabase } from '../support/database.ts'

/** A sample view of lamps, which are made, lit, dimmed and broken. It belongs to no module. */
const lamps = streamView({
  view: 'plain.lamps',
  events: 'plain.lamp_events',
  scope: 'house',
  key: 'lamp',
  states: { after: 'plain.lamp_state', mayBecome: 'plain.lamp_may_become', was: 'prior.status' },
  born: { colour: { sql: "born ->> 'colour'", absent: "''" } },
  latest: { status: 'state', brightness: "(latest ->> 'brightness')::integer", seen_at: 'latest_at' },
})

export async function makeSampleView(
  { admin }: TestDatabase,
  change: (create: string) => string = (create) => create,
) {
  await admin.query(`
    drop schema if exists plain cascade;
    create schema plain;
    create sequence plain.seq;
    create table plain.lamp_events (
      house bigint not null, aggregate_id text not null, stream_version integer not null, event_type text not null,
      event_data jsonb not null default '{}', occurred_at timestamptz not null default now(),
      xid xid8 not null default core.reading_xid(), seq bigint not null default nextval('plain.seq'),
      primary key (house, aggregate_id, stream_version)
    );
    create table plain.lamps (
      house bigint not null, lamp text not null, colour text not null, status text not null, brightness integer,
      seen_at timestamptz not null, stream_version integer not null, primary key (house, lamp)
    );
    create function plain.lamp_state(event_type text) returns text language sql immutable
      return case event_type when 'made' then 'off' when 'lit' then 'on' when 'dimmed' then 'on' when 'broke' then 'broken' end;
    create function plain.lamp_may_become(was text, becomes text) returns boolean language sql immutable
      return case when was is null then becomes = 'off' when was = 'broken' then false else becomes in ('on', 'broken') end;
    grant usage on schema plain to lockstep_app;
    grant usage on sequence plain.seq to lockstep_app;
    grant select, insert on plain.lamp_events to lockstep_app;
    grant select, insert, update, delete on plain.lamps to lockstep_app`)
  for (const { create } of lamps) await admin.query(change(create))
}

export type SampleEvent = [lamp: string, version: number, type: 'made' | 'lit' | 'dimmed' | 'broke']

/** One statement for any number of events. */
export const appending = (events: readonly SampleEvent[], house = 1) => ({
  text: `insert into plain.lamp_events (house, aggregate_id, stream_version, event_type, event_data)
    select ${house}, lamp, version, type, jsonb_build_object('colour', 'red', 'brightness', version)
    from unnest($1::text[], $2::integer[], $3::text[]) e (lamp, version, type)`,
  values: [
    events.map(([lamp]) => lamp),
    events.map(([, version]) => version),
    events.map(([, , type]) => type),
  ],
})

export const differences = `select * from plain.verify_lamps(1)`
