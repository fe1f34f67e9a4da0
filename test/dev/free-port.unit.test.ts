import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { freePort } from '../../dev/system/free-port.ts'
import { onFreePort } from '../../dev/system/on-free-port.ts'

async function listen(port: number): Promise<Server> {
  const server = createServer().listen(port, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  return server
}

it('takes another port if a program takes the first between the look and the start', async () => {
  const wish = await freePort()
  const tried: number[] = []
  const { port } = await onFreePort(wish, (port) => ({
    async start() {
      if (tried.push(port) === 1) await listen(port)
      await listen(port)
    },
  }))
  expect(tried[0]).toBe(wish)
  expect(port).toBe(tried.at(-1))
  expect(port).not.toBe(wish)
})

it('reports what fails for another reason than its port, and does not try again', async () => {
  let starts = 0
  const starting = onFreePort(await freePort(), () => ({
    async start() {
      starts++
      throw new Error('The disk is full.')
    },
  }))
  await expect(starting).rejects.toThrow('The disk is full.')
  expect(starts).toBe(1)
})
