import { type Request, Response, type WorkerOptions } from 'miniflare'

/** Faults of a queue, each with the probability that a send, or a message, meets it. All default to 0. */
export type QueueFaultSettings = {
  /** The send fails. */
  refuse: number
  /** The send gets no answer until the faults are cleared. */
  hang: number
  /** The message is accepted and never delivered. */
  drop: number
  /** The message is delivered twice. */
  duplicate: number
  /** The message is delayed by up to two seconds, so that others overtake it. */
  shuffle: number
}

export type QueueFaults = {
  /** How often each fault has happened. */
  readonly counts: Readonly<QueueFaultSettings>
  set(changes: Partial<QueueFaultSettings>): void
  /** Ends all faults. Sends that hang fail now. */
  clear(): void
  /** The answer to a Worker that sends `messages` messages now. */
  plan(messages: number): Promise<Plan>
}

/** Each message is sent once for each of its delays. */
type Plan = { refuse: boolean; delays: number[][] }

const none: QueueFaultSettings = { refuse: 0, hang: 0, drop: 0, duplicate: 0, shuffle: 0 }

export function createQueueFaults(random: () => number = Math.random): QueueFaults {
  const settings = { ...none }
  const counts = { ...none }
  const hanging: (() => void)[] = []
  const strikes = (fault: keyof QueueFaultSettings) => {
    const struck = random() < settings[fault]
    if (struck) counts[fault] += 1
    return struck
  }
  const delaysOf = () => {
    if (strikes('drop')) return []
    const copies = strikes('duplicate') ? 2 : 1
    return Array.from({ length: copies }, () => (strikes('shuffle') ? Math.floor(random() * 3) : 0))
  }
  return {
    counts,
    set(changes) {
      Object.assign(settings, changes)
    },
    clear() {
      Object.assign(settings, none)
      for (const end of hanging.splice(0)) end()
    },
    async plan(messages) {
      if (strikes('hang')) {
        await new Promise<void>((end) => hanging.push(end))
        return { refuse: true, delays: [] }
      }
      return { refuse: strikes('refuse'), delays: Array.from({ length: messages }, delaysOf) }
    },
  }
}

/** Runs inside workerd between the Worker and its queue: the Worker needs no code for faults. */
const script = `
export default function ({ QUEUE, FAULTS }) {
  const sendBatch = async (messages, options) => {
    const response = await FAULTS.fetch('http://faults/', { method: 'POST', body: String(messages.length) })
    const { refuse, delays } = await response.json()
    if (refuse) throw new Error('The queue refuses')
    const copies = messages.flatMap((message, at) => delays[at].map((delaySeconds) => ({ ...message, delaySeconds })))
    if (copies.length > 0) await QUEUE.sendBatch(copies, options)
  }
  return { sendBatch, send: (body, options) => sendBatch([{ body, ...options }]) }
}`

type Queues = Pick<WorkerOptions, 'queueProducers' | 'wrappedBindings'>

/** Puts the faults between a Worker and each of its queues. */
export function withFaults(
  producers: Record<string, string>,
  faults: QueueFaults,
): { main: Queues; more: WorkerOptions[] } {
  const names = Object.keys(producers)
  const scriptOf = (binding: string) => `faults-of-${binding.toLowerCase()}`
  return {
    main: {
      queueProducers: {},
      wrappedBindings: Object.fromEntries(
        names.map((binding) => [binding, { scriptName: scriptOf(binding) }]),
      ),
    },
    more: names.map((binding) => ({
      name: scriptOf(binding),
      modules: true,
      script,
      queueProducers: { QUEUE: producers[binding] ?? '' },
      serviceBindings: {
        FAULTS: async (request: Request) => Response.json(await faults.plan(Number(await request.text()))),
      },
    })),
  }
}
