import type { Module } from '../http/module.ts'
import { type Channel, channel } from '../http/stream.ts'
import { accountWebhooks } from './accounts/contract.ts'
import { accountsEndpoints } from './accounts/routes.ts'
import { betWebhooks } from './bets/contract.ts'
import { betsEndpoints } from './bets/routes.ts'
import { currenciesEndpoints } from './currencies/routes.ts'
import { ledgerFeed } from './feed.ts'
import type { StoredEvent } from './journal/contract.ts'
import { journalEndpoints } from './journal/routes.ts'
import { paymentWebhooks } from './payments/contract.ts'
import { paymentsEndpoints } from './payments/routes.ts'
import { reportsEndpoints } from './reports/routes.ts'
import { ledgerStory } from './story.ts'
import { transferWebhooks } from './transfers/contract.ts'
import { transfersEndpoints } from './transfers/routes.ts'
import { upkeepEndpoints } from './upkeep/routes.ts'
import { ledgerWatch } from './watch.ts'

/** The scope `1` carries all events of tenant 1, `1:V1_BETS_BET_PLACED` only those of one type. */
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
  endpoints: () => [
    ...betsEndpoints,
    ...paymentsEndpoints,
    ...accountsEndpoints,
    ...transfersEndpoints,
    ...journalEndpoints,
    ...reportsEndpoints,
    ...upkeepEndpoints,
    ...currenciesEndpoints,
  ],
  channels: { ledger: tenantChannel },
  webhooks: { ...betWebhooks, ...paymentWebhooks, ...transferWebhooks, ...accountWebhooks },
  watch: () => ledgerWatch,
  story: ledgerStory,
}
