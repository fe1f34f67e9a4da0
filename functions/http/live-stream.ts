import type { Ctx } from '../core/context.ts'
import type { Channel } from './stream.ts'

/** A value that changes all the time. `follow` reads it once per round for all listeners, and only while there is one. */
type Live = { everyMs: number; follow: (ctx: Ctx) => (round: number) => Promise<object> }

const longestMs = 15 * 60_000

/** A channel of server-sent events `state`, each a whole value: a client that missed some has lost nothing. */
export function liveChannel({ everyMs, follow }: Live): Channel {
  return (ctx) => {
    const listeners = new Set<(text: string) => void>()
    let [running, last] = [false, '']

    async function run(): Promise<void> {
      const read = follow(ctx)
      for (let round = 0; listeners.size > 0; round += 1) {
        const started = Date.now()
        try {
          last = `event: state\ndata: ${JSON.stringify(await read(round))}\n\n`
          for (const write of listeners) write(last)
        } catch (error) {
          ctx.log.error('live', error)
        }
        await new Promise((resolve) => setTimeout(resolve, Math.max(100, everyMs - (Date.now() - started))))
      }
      running = false
    }

    return ({ until }, left) => {
      const encoder = new TextEncoder()
      let leave = () => {}
      const body = new ReadableStream<Uint8Array>(
        {
          start(controller) {
            const write = (text: string) => {
              // A listener without room misses this value and gets a later one.
              if ((controller.desiredSize ?? 0) > 0) controller.enqueue(encoder.encode(text))
            }
            const end = setTimeout(
              () => {
                leave()
                controller.close()
              },
              Math.min(longestMs, until === null ? longestMs : Math.max(0, until - Date.now())),
            )
            leave = () => {
              clearTimeout(end)
              listeners.delete(write)
              left()
            }
            write(`retry: 2000\n\n${last}`)
            listeners.add(write)
          },
          cancel: () => leave(),
        },
        { highWaterMark: 64 },
      )
      if (!running) {
        running = true
        void run()
      }
      return body
    }
  }
}
