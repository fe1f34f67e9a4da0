import { type Mutant, mutantsOf } from './mutant.ts'

const hello = 'test/fleet/nodes/a-hello-registers-once.worker.test.ts'
const slots = 'test/fleet/nodes/slots-take-one-node.worker.test.ts'
const skew = 'test/fleet/nodes/a-zone-never-has-two.race.test.ts'
const config = 'test/fleet/configs/a-change-reaches-its-node.worker.test.ts'
const publishers = 'test/fleet/configs/one-publisher-sends.race.test.ts'
const commands = 'test/fleet/commands/a-command-only-moves-up.worker.test.ts'
const callers = 'test/fleet/callers-see-only-their-own.worker.test.ts'

export const fleetNodeMutants: readonly Mutant[] = [
  ...mutantsOf('fleet: the registration of a node', hello, [
    [
      'functions/fleet/nodes/hello.ts',
      'gives another credential to a device whose credential is in use',
      '(n.used_gen < n.gen or coalesce(n.reprovision_until > now(), false))',
      'true',
    ],
    [
      'functions/fleet/nodes/hello.ts',
      'takes a replaced provisioning token',
      '\n    and gen = ${gen}::int',
      '',
    ],
    [
      'functions/fleet/nodes/is-current.ts',
      'accepts a replaced credential',
      'value !== null && principal.gen >= value.gen',
      'value !== null',
    ],
  ]),
  ...mutantsOf('fleet: one node of a type in a zone', slots, [
    [
      'functions/fleet/nodes/bind.ts',
      'does not decide a lost race again',
      "isOutdated: (error) => hasSqlstate(error, '23505'),",
      '',
      skew,
    ],
    [
      'functions/fleet/nodes/swap.ts',
      'swaps on a snapshot older than its locks',
      'where before.version <> l.version',
      'where false',
    ],
    [
      'functions/fleet/nodes/swap.ts',
      'gives the slot to a node that is in another zone',
      "when b.lifecycle <> 'REGISTERED_BACKEND' then",
      'when false then',
    ],
    [
      'functions/fleet/nodes/degrade.ts',
      'leaves a silent node active',
      "when n.lifecycle = 'ACTIVE' then 'DEGRADED'",
      "when n.lifecycle = 'ACTIVE' then 'ACTIVE'",
    ],
  ]),
  ...mutantsOf('fleet: the configuration of a node', config, [
    [
      'functions/fleet/configs/change.ts',
      'overwrites a change that its caller has not read',
      'when desired_version <> ${version}::int then',
      'when false then',
    ],
    [
      'functions/fleet/configs/report.ts',
      'ends the drift by a report of an old version',
      "drifted_at = case when ${becomes('applied')} then null",
      "drifted_at = case when ${outcome}::text = 'applied' then null",
    ],
    [
      'functions/fleet/configs/show.ts',
      'offers a version without end',
      '${c}.rejections < ${offersOfAVersion} and ',
      '',
    ],
    [
      'functions/fleet/configs/publish.ts',
      'lets two publishers claim one node',
      'and (c.claimed_until is null or c.claimed_until < now())',
      '',
      publishers,
    ],
  ]),
  ...mutantsOf('fleet: documents take turns', 'test/fleet/configs/documents-take-turns.db.test.ts', [
    [
      'functions/fleet/configs/publish-pending.ts',
      'publishes the documents of one tenant before those of another',
      '\n  row_number() over (partition by c.tenant_id order by c.claimed_until nulls first, c.desired_at),',
      '',
    ],
  ]),
  ...mutantsOf('fleet: commands of an old epoch', commands, [
    [
      'functions/fleet/commands/ack.ts',
      'accepts the end of a command whose time has passed',
      "or ${state}::text = 'ACK' and c.expires_at <= now() and c.state in ('QUEUED', 'SENT')",
      '',
    ],
    [
      'functions/fleet/commands/order.ts',
      'orders in a regulated zone',
      "where zone.mode <> 'auto'",
      'where true',
    ],
    [
      'functions/fleet/nodes/visible.ts',
      'shows a node to another one of its tenant',
      "if (principal?.role === 'node') return sql`${sql.raw(row)}.uid = ${principal.sub}`",
      "if (principal?.role === 'node') return sql`true`",
      callers,
    ],
    [
      'functions/fleet/greenhouses/scope.ts',
      'shows all tenants to each of them',
      "if (principal.tenantId !== null) return { 'app.tenant_id': String(principal.tenantId) }",
      'if (principal.tenantId !== null) return everyTenant',
      callers,
    ],
  ]),
]
