import * as z from 'zod'
import { offersOfAVersion } from '../../../schema/fleet/states.ts'
import { id, instant, shownInstant } from '../../http/fields.ts'
import { NodeUid, text } from '../contract.ts'

const isSecret = (name: string) => /pass|secret|token|credential|psk|private/i.test(name)

/** The value of a setting that is a secret. */
const Configured = z.strictObject({ configured: z.boolean() })

const settings = z
  .record(z.string().min(1).max(60), z.unknown())
  .refine((value) => Object.keys(value).length <= 100, 'At most 100 settings')
  .superRefine((value, refinement) => {
    for (const path of secretsIn(value))
      refinement.addIssue({
        code: 'custom',
        path,
        message: 'A secret stays on the node: send { "configured": true }',
      })
  })

/** The paths of secrets with a value, at any depth: a body is at most 32 levels deep. */
function secretsIn(value: unknown): string[][] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, member]) =>
    isSecret(name) && !Configured.safeParse(member).success
      ? [[name]]
      : secretsIn(member).map((path) => [name, ...path]),
  )
}

export const SettingsChange = z.strictObject({ settings }).meta({ id: 'SettingsChange' })
export type SettingsChange = z.infer<typeof SettingsChange>

export const NodeConfig = z
  .strictObject({
    uid: NodeUid,
    version: z.int(),
    zoneId: id.nullable(),
    settings: z.record(z.string(), z.unknown()),
    desiredAt: shownInstant,
  })
  .meta({ id: 'NodeConfig' })
export type NodeConfig = z.infer<typeof NodeConfig>

const channel = z.strictObject({
  channel: text(40),
  kind: z.enum(['sensor', 'actuator']),
  metric: text(40).optional(),
})

export const ConfigReport = z
  .strictObject({
    version: z.int32().positive(),
    outcome: z.enum(['applied', 'rejected', 'local_override']),
    reason: text(300).optional().meta({ description: 'Required when it was rejected' }),
    until: instant.optional().meta({ description: 'The end of a local override' }),
    channels: z.array(channel).max(100).optional().meta({ description: 'All channels of the node' }),
  })
  .refine(({ outcome, reason }) => outcome !== 'rejected' || reason !== undefined, {
    message: 'A rejection needs a reason',
    path: ['reason'],
  })
  .refine(({ outcome, until }) => (outcome === 'local_override') === (until !== undefined), {
    message: 'A local override, and nothing else, has an end',
    path: ['until'],
  })
  .meta({ id: 'ConfigReport' })
export type ConfigReport = z.infer<typeof ConfigReport>

export const ReportedConfig = z
  .strictObject({
    version: z.int(),
    desiredVersion: z.int(),
    outcome: z
      .enum(['applied', 'rejected', 'local_override', 'superseded'])
      .meta({ description: '`superseded`: a newer version is desired' }),
    offered: z.boolean().meta({
      description: `False after ${offersOfAVersion} rejections of the desired version, and during a local override`,
    }),
  })
  .meta({ id: 'ReportedConfig' })
export type ReportedConfig = z.infer<typeof ReportedConfig>

const ChangedData = z
  .strictObject({ uid: NodeUid, desiredVersion: z.int() })
  .meta({ id: 'NodeConfigChangedData' })

export const configWebhooks = {
  'node.config_changed': { audience: ['tenant'] as const, data: ChangedData },
}
