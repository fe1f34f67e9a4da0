export type Starting = { port: number; databaseUrl: string | undefined; demoData: boolean }

/** What `npm start` takes from the environment. */
export function readStarting(env: NodeJS.ProcessEnv): Starting {
  const port = Number(env['PORT'] || 8787)
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new Error(`PORT is not a port: ${env['PORT']}`)
  const databaseUrl = env['DATABASE_URL'] || undefined
  if (databaseUrl !== undefined && !/^postgres(ql)?:\/\/.+\/.+/.test(databaseUrl)) {
    throw new Error('DATABASE_URL is not of the form postgresql://user:password@host:port/database')
  }
  // Somebody's own database gets made-up stores only when they ask for them.
  const demo = env['DEMO_DATA'] ?? (databaseUrl === undefined ? '1' : '0')
  return { port, databaseUrl, demoData: demo !== '0' }
}
