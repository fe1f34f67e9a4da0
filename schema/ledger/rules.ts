import { oneOf, type Rules } from '../kit/rules.ts'
import { balanceEventTypes, maxMinor, systemEventTypes } from './states.ts'

export const betEventRules = eventRules('bet_events', 'ledger.bet_state(r.event_type) is not null')
export const paymentEventRules = eventRules(
  'payment_events',
  'ledger.payment_state(r.event_type) is not null',
)
export const systemEventRules = eventRules('system_events', oneOf('event_type', systemEventTypes))
export const balanceEventRules: Rules = {
  ...eventRules('balance_events', oneOf('event_type', balanceEventTypes)),
  balance_events_amount_exact: `(r.event_data ->> 'amountMinor')::numeric between 1 and ${maxMinor}`,
}

export const userBalanceRules: Rules = {
  user_balances_view_reserved: 'r.reserved_minor >= 0',
  user_balances_view_available: 'r.balance_minor - r.reserved_minor >= 0 or r.may_go_negative',
  user_balances_view_exact: `r.balance_minor between -${maxMinor} and ${maxMinor}`,
}

function eventRules(table: string, known: string): Rules {
  return {
    [`${table}_stream_version_positive`]: 'r.stream_version >= 1',
    [`${table}_event_type_known`]: known,
  }
}
