import { inject } from 'vitest'

/** The way over the Unix socket, for a connection string of the cluster that all files share. */
export function bySocket(url: string): string {
  const folder = inject('socketFolder')
  const { host, port } = new URL(inject('templateUrl'))
  return folder === null ? url : url.replace(`@${host}/`, `@${encodeURIComponent(folder)}:${port}/`)
}
