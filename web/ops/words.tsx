import { Sections } from '../parts/sections.tsx'

const base = '/app/ops'

/** The pages of the operator. */
export function OpsSections() {
  return (
    <Sections
      label="Operation"
      links={[
        { href: base, title: 'Overview' },
        { href: `${base}/jobs`, title: 'Jobs' },
        { href: `${base}/database`, title: 'Database' },
        { href: `${base}/storage`, title: 'Storage' },
        { href: `${base}/waiting`, title: 'Waiting' },
      ]}
    />
  )
}

export const jobHref = (name: string) => `${base}/jobs/${encodeURIComponent(name)}`
