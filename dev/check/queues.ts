import type { Finding } from './tree.ts'

type Consumer = { queue: string; dead_letter_queue?: string | undefined; max_retries?: number | undefined }
type Queues = {
  producers: readonly { binding: string; queue?: string | undefined }[]
  consumers: readonly Consumer[]
}

/** A stream without its queue goes through Spill for ever, and a message without a dead letter queue is deleted. */
export function streamQueues({ producers, consumers }: Queues, streams: readonly string[]): Finding[] {
  const lacking = streams.flatMap((stream) => {
    const binding = `QUEUE_${stream.toUpperCase().replaceAll('-', '_')}`
    const consumer = consumers.find(({ queue }) => queue === stream)
    return [
      !producers.some((one) => one.binding === binding && one.queue === stream) &&
        `a producer ${binding} of ${stream}`,
      consumer?.dead_letter_queue !== `${stream}-dead` &&
        `a consumer of ${stream} with ${stream}-dead for its dead letters`,
      consumer?.max_retries !== 30 && `max_retries = 30 for ${stream}`,
      !consumers.some(({ queue }) => queue === `${stream}-dead`) && `a consumer of ${stream}-dead`,
    ].flatMap((what) => (what === false ? [] : [{ where: 'wrangler.toml', what: `lacks ${what}` }]))
  })
  const unknown = consumers
    .filter(({ queue }) => !streams.includes(queue.replace(/-dead$/, '')))
    .map(({ queue }) => ({ where: 'wrangler.toml', what: `consumes ${queue}, which no row receives` }))
  return [...lacking, ...unknown]
}
