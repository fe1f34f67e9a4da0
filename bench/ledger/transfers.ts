import type pg from 'pg'
import type { Transfer } from '../../functions/ledger/transfers/contract.ts'
import { transferMoney } from '../../functions/ledger/transfers/transfer.ts'
import { contextOver } from '../context-over.ts'
import type { Measurement } from '../measurement.ts'
import { type Contender, closedLoop, compare, mustBe, type Pace } from '../method.ts'
import type { Rig } from '../rig.ts'
import { clientAt, connectTenant, countOf, funding, givenFundedUsers, mustBeSound, tenant } from './given.ts'

/** For single calls. Batches have one caller, because batches over the same accounts would only wait for each other. */
const callers = 8
const users = 200
const batch = 200

export const transfersBesideSavepoints: Measurement = async (rig, pace) => {
  const { owner, contender, bySet, bySavepoint } = await given(rig, pace)
  await compare(
    {
      name: `ledger transfers, ${batch} a batch, beside a savepoint each`,
      unit: 'transfers/s',
      database: owner,
      ours: contender('one set a batch', { send: bySet }),
      baseline: contender('a savepoint a transfer', { send: bySavepoint }),
    },
    pace,
  )
}

export const transfersBesideSingle: Measurement = async (rig, pace) => {
  const { owner, contender, bySet, byCall } = await given(rig, pace)
  const shared = { unit: 'transfers/s', database: owner }
  for (const [where, hot] of [
    [`among ${users} accounts`, false],
    ['all from or to one account', true],
  ] as const)
    await compare(
      {
        ...shared,
        name: `ledger transfers ${where}, ${batch} a batch, beside one by one`,
        ours: contender('one set a batch', { send: bySet, hot }),
        baseline: contender(`a call a transfer, ${callers} callers`, {
          send: byCall,
          each: 1,
          hot,
          clients: callers,
        }),
        others: [contender('a call a transfer, one caller', { send: byCall, each: 1, hot })],
      },
      pace,
    )
}

/** Sends transfers, and returns how many were accepted. */
type Send = (client: pg.Client, transfers: Transfer[]) => Promise<number>

type Load = { send: Send; each?: number; hot?: boolean; clients?: number }

async function given(rig: Rig, pace: Pace) {
  const database = await rig.database()
  const { owner } = database
  await givenFunctions(owner)
  const connections = await connectTenant(database, callers)

  function contender(name: string, { send, each = batch, hot = false, clients = 1 }: Load): Contender {
    let accepted = 0
    return {
      name,
      async prepare() {
        accepted = 0
        await givenFundedUsers(owner, users)
      },
      turn: () =>
        closedLoop({
          clients,
          seconds: pace.seconds,
          operation: async (client) => {
            const taken = await send(clientAt(connections, client), drawTransfers(each, hot))
            accepted += taken
            return each
          },
        }),
      async verify() {
        await mustBeSound(owner, users + 2 * accepted)
        const { rows } = await owner.query('select sum(balance_minor) as minor from ledger.user_balances')
        mustBe(rows[0], { minor: String(users * funding) }, 'all money together')
        mustBe(await countOf(owner, 'ledger.user_balances where available_minor < 0'), 0, 'the overdrawn')
      },
    }
  }
  return { owner, contender, bySet, bySavepoint, byCall }
}

async function bySet(client: pg.Client, transfers: Transfer[]): Promise<number> {
  const ctx = contextOver(client, tenant, { plannedOnce: true })
  const result = await transferMoney(ctx, { transfers, atomic: false })
  if (!result.ok) throw new Error(`refused: ${result.reason}`)
  return result.value.accepted
}

const bySavepoint: Send = (client, transfers) =>
  accepted(client, 'select bench.transfer_each($1::jsonb) as n', transfers)

const byCall: Send = (client, transfers) =>
  accepted(
    client,
    `select sum(bench.transfer_one(t."fromUserId", t."toUserId", t."amountMinor")) as n
    from jsonb_to_recordset($1::jsonb) t ("fromUserId" text, "toUserId" text, "amountMinor" bigint)`,
    transfers,
  )

async function accepted(client: pg.Client, text: string, transfers: Transfer[]): Promise<number> {
  const { rows } = await client.query({
    name: text.slice(0, 40),
    text,
    values: [JSON.stringify(transfers)],
  })
  return Number(rows[0]?.n)
}

/** Every tenth transfer exceeds every balance. */
function drawTransfers(count: number, hot: boolean): Transfer[] {
  return Array.from({ length: count }, (_, n) => {
    const one = hot ? 0 : Math.floor(Math.random() * users)
    const other = (one + 1 + Math.floor(Math.random() * (users - 1))) % users
    const [from, to] = n % 2 === 0 ? [one, other] : [other, one]
    return {
      fromUserId: `u-${from}`,
      toUserId: `u-${to}`,
      amountMinor: Math.random() < 0.1 ? funding * users * 2 : 10,
      currency: 'USD',
    }
  })
}

/** The same accounts, changed row by row instead of by sets. Both lock accounts in one order, so none deadlocks. */
async function givenFunctions(owner: pg.Pool): Promise<void> {
  const legs = (sender: string, receiver: string, minor: string) => `
  insert into ledger.balance_events (tenant_id, aggregate_id, stream_version, event_type, event_data, actor)
  select ledger.tenant(), id, version, type, jsonb_build_object('userId', account, 'currency', 'USD', 'amountMinor', ${minor}), 'bench'
  from (select uuidv7()::text as id offset 0) t,
    (values (1, 'V1_BALANCES_BALANCE_DEBITED', ${sender}), (2, 'V1_BALANCES_BALANCE_CREDITED', ${receiver})) leg (version, type, account);`
  await owner.query(`
create schema if not exists bench;
grant usage on schema bench to lockstep_app;

create function bench.transfer_one(sender text, receiver text, minor bigint) returns integer language plpgsql as $$
begin
  perform from ledger.user_balances_view
  where tenant_id = ledger.tenant() and user_id in (sender, receiver) and currency = 'USD'
  order by user_id
  for update;
  if minor > (
    select available_minor from ledger.user_balances
    where tenant_id = ledger.tenant() and user_id = sender and currency = 'USD'
  ) then
    return 0;
  end if;
  ${legs('sender', 'receiver', 'minor')}
  return 1;
end $$;

create function bench.transfer_each(transfers jsonb) returns integer language plpgsql as $$
declare
  t record;
  accepted integer := 0;
begin
  perform from ledger.user_balances_view
  where tenant_id = ledger.tenant() and currency = 'USD' and user_id = any (array(
    select jsonb_path_query(transfers, '$[*].fromUserId') #>> '{}' union select jsonb_path_query(transfers, '$[*].toUserId') #>> '{}'
  ))
  order by user_id
  for update;
  for t in
    select * from jsonb_to_recordset(transfers) t ("fromUserId" text, "toUserId" text, "amountMinor" bigint)
  loop
    begin
      ${legs('t."fromUserId"', 't."toUserId"', 't."amountMinor"')}
      accepted := accepted + 1;
    exception when sqlstate 'LS102' then
      null;
    end;
  end loop;
  return accepted;
end $$`)
}
