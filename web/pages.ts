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
    path: '/app/books',
    title: 'Books',
    row: 'ledger',
    roles: ['tenant'],
    inMenu: true,
    load: () => import('./ledger/books.tsx'),
  },
  {
    path: '/app/books/bets',
    title: 'Bets',
    row: 'ledger',
    roles: ['tenant'],
    inMenu: false,
    load: () => import('./ledger/bets.tsx'),
  },
  {
    path: '/app/books/bets/{id}',
    title: 'Bet',
    row: 'ledger',
    roles: ['tenant'],
    inMenu: false,
    load: () => import('./ledger/bet.tsx'),
  },
  {
    path: '/app/books/payments',
    title: 'Payments',
    row: 'ledger',
    roles: ['tenant'],
    inMenu: false,
    load: () => import('./ledger/payments.tsx'),
  },
  {
    path: '/app/books/payments/{id}',
    title: 'Payment',
    row: 'ledger',
    roles: ['tenant'],
    inMenu: false,
    load: () => import('./ledger/payment.tsx'),
  },
  {
    path: '/app/books/users/{userId}',
    title: 'User',
    row: 'ledger',
    roles: ['tenant'],
    inMenu: false,
    load: () => import('./ledger/user.tsx'),
  },
  {
    path: '/app/books/users/{userId}/statement',
    title: 'Statement',
    row: 'ledger',
    roles: ['tenant'],
    inMenu: false,
    load: () => import('./ledger/statement.tsx'),
  },
  {
    path: '/app/hooks',
    title: 'Webhooks',
    row: 'webhooks',
    roles: ['admin', 'tenant', 'store', 'partner'],
    inMenu: true,
    load: () => import('./webhooks/hooks.tsx'),
  },
  {
    path: '/app/hooks/{id}',
    title: 'Webhook',
    row: 'webhooks',
    roles: ['admin', 'tenant', 'store', 'partner'],
    inMenu: false,
    load: () => import('./webhooks/hook.tsx'),
  },
  {
    path: '/app/hooks/{id}/deliveries/{deliveryId}',
    title: 'Delivery',
    row: 'webhooks',
    roles: ['admin', 'tenant', 'store', 'partner'],
    inMenu: false,
    load: () => import('./webhooks/delivery.tsx'),
  },
  {
    path: '/app/ops',
    title: 'Operation',
    row: 'ops',
    roles: ['admin'],
    inMenu: true,
    load: () => import('./ops/overview.tsx'),
  },
  {
    path: '/app/ops/jobs',
    title: 'Jobs',
    row: 'ops',
    roles: ['admin'],
    inMenu: false,
    load: () => import('./ops/jobs.tsx'),
  },
  {
    path: '/app/ops/jobs/{name}',
    title: 'Job',
    row: 'ops',
    roles: ['admin'],
    inMenu: false,
    load: () => import('./ops/job.tsx'),
  },
  {
    path: '/app/ops/database',
    title: 'Database',
    row: 'ops',
    roles: ['admin'],
    inMenu: false,
    load: () => import('./ops/database.tsx'),
  },
  {
    path: '/app/ops/storage',
    title: 'Storage',
    row: 'ops',
    roles: ['admin'],
    inMenu: false,
    load: () => import('./ops/storage.tsx'),
  },
  {
    path: '/app/ops/waiting',
    title: 'Waiting',
    row: 'ops',
    roles: ['admin'],
    inMenu: false,
    load: () => import('./ops/waiting.tsx'),
  },
]
