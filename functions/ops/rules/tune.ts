import type { Ctx } from '../../core/context.ts'
import type { Rule } from '../../core/watch.ts'

/**
 * The rules with the limits of the setting ALERT_LIMITS in place of their own. Limits that turn the order of `raise` and
 * `clear` around would turn the rule around, so they are not applied.
 */
export function tuneRules({ env }: Pick<Ctx, 'env'>, rules: readonly Rule[]): Rule[] {
  return rules.map((rule) => {
    const wanted = Object.assign({}, rule, env.ALERT_LIMITS[rule.name])
    return wanted.raise >= wanted.clear === rule.raise >= rule.clear ? wanted : rule
  })
}
