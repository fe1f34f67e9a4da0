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
const owners = ['admin', 'tenant', 'store', 'partner']

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
  ['ledger', '/app/books', 'Books', ['tenant'], () => import('./ledger/books.tsx')],
  ['ledger', '/app/books/bets', 'Bets', ['tenant'], () => import('./ledger/bets.tsx'), false],
  ['ledger', '/app/books/bets/{id}', 'Bet', ['tenant'], () => import('./ledger/bet.tsx'), false],
  ['ledger', '/app/books/payments', 'Payments', ['tenant'], () => import('./ledger/payments.tsx'), false],
  ['ledger', '/app/books/payments/{id}', 'Payment', ['tenant'], () => import('./ledger/payment.tsx'), false],
  ['ledger', '/app/books/users/{userId}', 'User', ['tenant'], () => import('./ledger/user.tsx'), false],
  ['ledger', '/app/books/users/{userId}/statement', 'Statement', ['tenant'], () => import('./ledger/statement.tsx'), false],
  ['webhooks', '/app/hooks', 'Webhooks', owners, () => import('./webhooks/hooks.tsx')],
  ['webhooks', '/app/hooks/{id}', 'Webhook', owners, () => import('./webhooks/hook.tsx'), false],
  ['webhooks', '/app/hooks/{id}/deliveries/{deliveryId}', 'Delivery', owners, () => import('./webhooks/delivery.tsx'), false],
  ['ops', '/app/ops', 'Operation', ['admin'], () => import('./ops/overview.tsx')],
  ['ops', '/app/ops/alerts', 'Alerts', ['admin'], () => import('./ops/alerts.tsx'), false],
  ['ops', '/app/ops/alerts/{name}', 'Rule', ['admin'], () => import('./ops/rule.tsx'), false],
  ['ops', '/app/ops/jobs', 'Jobs', ['admin'], () => import('./ops/jobs.tsx'), false],
  ['ops', '/app/ops/jobs/{name}', 'Job', ['admin'], () => import('./ops/job.tsx'), false],
  ['ops', '/app/ops/requests', 'Requests', ['admin'], () => import('./ops/requests.tsx'), false],
  ['ops', '/app/ops/requests/{name}', 'Query', ['admin'], () => import('./ops/query.tsx'), false],
  ['ops', '/app/ops/database', 'Database', ['admin'], () => import('./ops/database.tsx'), false],
  ['ops', '/app/ops/storage', 'Storage', ['admin'], () => import('./ops/storage.tsx'), false],
  ['ops', '/app/ops/waiting', 'Waiting', ['admin'], () => import('./ops/waiting.tsx'), false],
  ['ops', '/app/ops/log', 'Log', ['admin'], () => import('./ops/log.tsx'), false],
  ['ops', '/app/timeline/{kind}/{id}', 'Timeline', 'everybody', () => import('./ops/timeline.tsx'), false],
]

export const pages: readonly PageEntry[] = entries.map(([row, path, title, roles, load, inMenu = true]) => ({
  row,
  path,
  title,
  roles,
  load,
  inMenu,
}))
