import { freePort, isFree } from './free-port.ts'

/**
 * Starts a server on a free port, `preferred` if it is free. Two systems that start at once find the same port free, and
 * only one of them can take it: the other one takes the next.
 */
export async function onFreePort<T extends { start(): Promise<void> }>(
  preferred: number | undefined,
  make: (port: number) => T,
): Promise<T & { port: number }> {
  for (let wish = preferred; ; wish = undefined) {
    const port = await freePort(wish)
    const server = make(port)
    try {
      await server.start()
      return { ...server, port }
    } catch (error) {
      if (await isFree(port)) throw error
    }
  }
}
