import { type Channel, channel } from '../http/stream.ts'
import type { StoredEvent } from './contract.ts'
import { ledgerFeed } from './feed.ts'

export const ledgerChannels: Record<string, Channel> = {
  ledger: channel<StoredEvent>({
    feed: ledgerFeed,
    show: (event) => ({ type: event.type, data: event }),
    db: (ctx, scope) => ctx.db.with({ 'app.tenant_id': scope }),
  }),
}
