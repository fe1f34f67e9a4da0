import { orThrow } from '../../core/errors.ts'
import { at, type Endpoint, found, noContent, ok, versioned } from '../../http/endpoint.ts'
import { UidPath } from '../contract.ts'
import { changeConfig } from './change.ts'
import { ConfigReport, NodeConfig, ReportedConfig, SettingsChange } from './contract.ts'
import { fetchConfig } from './fetch.ts'
import { reportConfig } from './report.ts'

const on = at('/v1/fleet/nodes/{uid}/config', 'fleet')

export const configsEndpoints: Endpoint[] = [
  on.get(
    '',
    {
      summary: 'Fetch the configuration of a node',
      description:
        'The whole document. A node gets 204 while the desired version is not offered to it: after three rejections, and during a local override.',
      roles: ['tenant', 'admin', 'node'],
      params: UidPath,
      fixedByVersion: true,
      answers: { 200: NodeConfig, 204: null },
    },
    async (ctx, { params }) => {
      const { config, offered } = found(await fetchConfig(ctx, params))
      return ctx.principal?.role === 'node' && !offered ? noContent() : versioned(config)
    },
  ),
  on.put(
    '',
    {
      summary: 'Change the settings of a node',
      description:
        'Replaces all settings. The version is that of the configuration; each change of settings or zone raises it.',
      roles: ['tenant', 'admin'],
      params: UidPath,
      body: SettingsChange,
      ifMatch: true,
      answers: { 200: NodeConfig },
      problems: ['illegal_transition'],
    },
    async (ctx, { params: { uid }, version, body }) =>
      versioned(orThrow(await changeConfig(ctx, { uid, version, change: body })).value),
  ),
  on.post(
    '/report',
    {
      summary: 'Report what became of a version of the configuration',
      description:
        'A rejected version is offered three times. A local override is not undone before its end.',
      roles: ['node'],
      params: UidPath,
      body: ConfigReport,
      answers: { 200: ReportedConfig },
      problems: ['unprocessable'],
    },
    async (ctx, { params: { uid }, body }) =>
      ok(orThrow(await reportConfig(ctx, { uid, report: body })).value),
  ),
]
