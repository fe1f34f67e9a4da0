import { isbotMatch } from 'isbot'

/** The part of the agent that names a bot, or null. isbot takes an empty agent for a person. */
export function botIn(agent: string): string | null {
  return agent.trim() === '' ? null : isbotMatch(agent)
}
