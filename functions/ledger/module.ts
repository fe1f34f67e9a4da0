import type { Module } from '../http/module.ts'
import { type Channel, channel } from '../http/stream.ts'
import type { StoredEvent } from './contract.ts'
import { ledgerFeed } from './feed.ts'
import { ledgerEndpoints } from './routes.ts'

/** All events of a tenant, `1`, or those of one type, `1:V1_BETS_BET_PLACED`. */
const tenantChannel: Channel = (ctx, scope) => {
  const [tenantId = '', type] = scope.split(':')
  return channel<StoredEvent>({
    feed: ledgerFeed,
    show: (event) => (type === undefined || event.type === type ? { type: event.type, data: event } : null),
    db: () => ctx.db.with({ 'app.tenant_id': tenantId }),
  })(ctx, scope)
}

export const ledgerModule: Module = {
  name: 'ledger',
  endpoints: () => ledgerEndpoints,
  channels: { ledger: tenantChannel },
}
