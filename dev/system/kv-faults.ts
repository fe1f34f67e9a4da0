import { type Request, Response, type WorkerOptions } from 'miniflare'
import { createFaults, type Faults } from '../neon-proxy/faults.ts'

/** Faults between the Worker and its KV namespace CACHE: `latencyMs`, `refuse` and `blackhole`; `match` is get or put. */
export type KvFaults = Pick<Faults, 'set' | 'clear' | 'counts' | 'strikes' | 'settings'>

export const createKvFaults: () => KvFaults = createFaults

/**
 * A Worker in front of the real namespace, which the tested Worker gets as its binding. A binding cannot be made to fail
 * from outside, so this one asks for each call what shall happen to it.
 */
export function faultyKv(name: string, faults: KvFaults): WorkerOptions {
  return {
    name,
    compatibilityDate: '2026-07-30',
    modules: [{ type: 'ESModule', path: 'faulty-kv.mjs', contents: script }],
    kvNamespaces: { REAL: 'CACHE' },
    serviceBindings: {
      FATE: async (request: Request) => {
        const call = await request.text()
        const { latencyMs } = faults.settings
        if (faults.strikes('blackhole', call)) return new Response('hang')
        if (faults.strikes('refuse', call)) return new Response('refuse')
        return new Response(`after ${latencyMs}`)
      },
    },
  }
}

const script = `
import { WorkerEntrypoint } from 'cloudflare:workers'

export default class extends WorkerEntrypoint {
  async #suffer(call) {
    const fate = await (await this.env.FATE.fetch('http://fate', { method: 'POST', body: call })).text()
    if (fate === 'hang') await new Promise((resolve) => setTimeout(resolve, 20_000))
    if (fate === 'refuse') throw new Error('KV ' + call + ' failed: 503 on demand')
    await new Promise((resolve) => setTimeout(resolve, Number(fate.slice(6))))
  }
  async get(key, options) {
    await this.#suffer('get')
    return this.env.REAL.get(key, options)
  }
  async put(key, value, options) {
    await this.#suffer('put')
    await this.env.REAL.put(key, value, options)
  }
}`
