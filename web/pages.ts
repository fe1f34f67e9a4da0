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
  load: () => Promise<{ page: ComponentType<{ params: Record<string, string> }> }>
}

type Entry = [
  path: string,
  title: string,
  roles: PageEntry['roles'],
  load: PageEntry['load'],
  inMenu?: boolean,
]

const desk = ['store', 'courier', 'admin']
const marketers = ['partner', 'admin']
const growers = ['tenant', 'admin']

/** Whole lines, so that a row is removed with its lines. */
// biome-ignore format: one line a page
const entries: readonly (readonly [row: string, ...Entry])[] = [
  ['space', '/', 'Space', 'everybody', () => import('./space/now.tsx')],
  ['dispatch', '/app/orders', 'Orders', desk, () => import('./dispatch/orders.tsx')],
  ['dispatch', '/app/orders/{id}', 'Order', desk, () => import('./dispatch/order-page.tsx'), false],
  ['dispatch', '/app/work', 'Work', ['courier'], () => import('./dispatch/work.tsx')],
  ['dispatch', '/app/race', 'Race', ['admin'], () => import('./dispatch/race.tsx')],
  ['clicks', '/app/clicks', 'Clicks', marketers, () => import('./clicks/campaigns.tsx')],
  ['clicks', '/app/clicks/{id}', 'Campaign', marketers, () => import('./clicks/campaign.tsx'), false],
  ['clicks', '/app/click/{id}', 'Click', marketers, () => import('./clicks/click.tsx'), false],
  ['fleet', '/app/zones', 'Zones', growers, () => import('./fleet/zones.tsx')],
  ['fleet', '/app/zones/{id}', 'Zone', growers, () => import('./fleet/zone.tsx'), false],
  ['fleet', '/app/nodes', 'Nodes', growers, () => import('./fleet/nodes.tsx')],
  ['fleet', '/app/nodes/{uid}', 'Node', growers, () => import('./fleet/node.tsx'), false],
]

export const pages: readonly PageEntry[] = entries.map(([row, path, title, roles, load, inMenu = true]) => ({
  row,
  path,
  title,
  roles,
  load,
  inMenu,
}))
