import { isbotMatch } from 'isbot'

/** The part of the agent that names a bot, or null. Each browser names itself, so a visitor without an agent is a bot. */
export function botIn(agent: string): string | null {
  return agent.trim() === '' ? '(no agent)' : isbotMatch(agent)
}
