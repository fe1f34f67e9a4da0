import type { ComponentType } from 'preact'

/** The pages: one line each, grouped by row. `roles` are those that the API lets in; the menu has the others not. */
export type PageEntry = {
  path: string
  title: string
  /** The row of the system whose page this is. */
  row: string
  roles: readonly string[] | 'everybody'
  /** False: reached by a link from another page. */
  inMenu: boolean
  load: () => Promise<{ default?: never; page: ComponentType<{ params: Record<string, string> }> }>
}

export const pages: readonly PageEntry[] = [
  {
    path: '/',
    title: 'Space',
    row: 'space',
    roles: 'everybody',
    inMenu: true,
    load: () => import('./space/now.tsx'),
  },
  {
    path: '/app/clicks',
    title: 'Clicks',
    row: 'clicks',
    roles: ['admin', 'partner'],
    inMenu: true,
    load: () => import('./clicks/campaigns.tsx'),
  },
  {
    path: '/app/clicks/{id}',
    title: 'Campaign',
    row: 'clicks',
    roles: ['admin', 'partner'],
    inMenu: false,
    load: () => import('./clicks/campaign.tsx'),
  },
  {
    path: '/app/click/{id}',
    title: 'Click',
    row: 'clicks',
    roles: ['admin', 'partner'],
    inMenu: false,
    load: () => import('./clicks/click.tsx'),
  },
  {
    path: '/app/zones',
    title: 'Zones',
    row: 'fleet',
    roles: ['tenant', 'admin'],
    inMenu: true,
    load: () => import('./fleet/zones.tsx'),
  },
  {
    path: '/app/zones/{id}',
    title: 'Zone',
    row: 'fleet',
    roles: ['tenant', 'admin'],
    inMenu: false,
    load: () => import('./fleet/zone.tsx'),
  },
  {
    path: '/app/nodes',
    title: 'Nodes',
    row: 'fleet',
    roles: ['tenant', 'admin'],
    inMenu: true,
    load: () => import('./fleet/nodes.tsx'),
  },
  {
    path: '/app/nodes/{uid}',
    title: 'Node',
    row: 'fleet',
    roles: ['tenant', 'admin'],
    inMenu: false,
    load: () => import('./fleet/node.tsx'),
  },
]
