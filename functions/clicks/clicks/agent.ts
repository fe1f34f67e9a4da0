import bowser from 'bowser'

export type Agent = { device: string | null; os: string | null; browser: string | null }

/** Links are opened from few kinds of agents, again and again. */
const known = new Map<string, Agent>()
const mostKnown = 2_000

/** Device, operating system and browser of a User-Agent, each null if it names none. */
export function readAgent(agent: string): Agent {
  const found = known.get(agent)
  if (found !== undefined) return found
  const read = parse(agent)
  if (known.size >= mostKnown) known.clear()
  known.set(agent, read)
  return read
}

function parse(agent: string): Agent {
  if (agent.trim() === '') return { device: null, os: null, browser: null }
  const { platform, os, browser } = bowser.parse(agent)
  return { device: platform.type || null, os: os.name || null, browser: browser.name || null }
}
