import type { Tone } from '../parts/badge.tsx'
import { number } from '../parts/numbers.ts'
import { Sections } from '../parts/sections.tsx'
import { unitBeside } from './units.ts'

const base = '/app/ops'

/** The pages of the operator. */
export function OpsSections() {
  return (
    <Sections
      label="Operation"
      links={[
        { href: base, title: 'Overview' },
        { href: `${base}/alerts`, title: 'Alerts' },
        { href: `${base}/jobs`, title: 'Jobs' },
        { href: `${base}/requests`, title: 'Requests' },
        { href: `${base}/database`, title: 'Database' },
        { href: `${base}/storage`, title: 'Storage' },
        { href: `${base}/waiting`, title: 'Waiting' },
        { href: `${base}/log`, title: 'Log' },
      ]}
    />
  )
}

export const jobHref = (name: string) => `${base}/jobs/${encodeURIComponent(name)}`

export const ruleHref = (name: string) => `${base}/alerts/${encodeURIComponent(name)}`

export function toneOfRule(state: string, severity: string): Tone {
  if (state === 'ok') return 'ok'
  if (state === 'firing') return severity === 'critical' ? 'bad' : 'warn'
  return state === 'pending' ? 'plain' : 'unknown'
}

export const labelsOf = (labels: Record<string, unknown>) =>
  Object.entries(labels)
    .map(([name, value]) => `${name} ${String(value)}`)
    .join(', ')

export const withUnit = (value: number | null, unit: string | null) =>
  value === null ? 'unknown' : `${number(value)}${unit ? ` ${unitBeside(value, unit)}` : ''}`

export const queryHref = (name: string) => `${base}/requests/${encodeURIComponent(name)}`
