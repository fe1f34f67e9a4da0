export type Starting = {
  port: number
  /** A database of the user's own, instead of the embedded one. */
  databaseUrl: string | undefined
  /** The same database without a pooler, for migrations; `databaseUrl` unless set. */
  directUrl: string | undefined
  demoData: boolean
  /** Calls the real outside services instead of the simulated ones. */
  liveUpstreams: boolean
  /** Starts a Redis over HTTP, which the caches use instead of KV. */
  redis: boolean
  /** Starts so many streaming standbys of the embedded database, from which lists and reports read. */
  replicas: number
  /** Settings of the Worker that the environment sets. */
  bindings: Record<string, string>
}

const passedOn = [
  'ALERT_LIMITS',
  'AUTH_ISSUER',
  'CORS_ORIGINS',
  'DNS_OVER_HTTPS',
  'FLEET_KEY',
  'METRICS_TOKEN',
  'MQTT_URL',
  'NASA_API_KEY',
  'POSTBACK_ALLOW',
  'POSTBACK_KEY',
  'UPSTASH_REDIS_REST_TOKEN',
  'UPSTASH_REDIS_REST_URL',
  'WEBHOOK_ALLOW',
  'WEBHOOK_KEY',
  'WEBHOOK_LINGER_SECONDS',
]

/** Reads the settings of `npm start` from the environment. */
export function readStarting(env: NodeJS.ProcessEnv): Starting {
  const port = Number(env['PORT'] || 8787)
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new Error(`PORT is not a port: ${env['PORT']}`)
  const databaseUrl = env['DATABASE_URL'] || undefined
  const directUrl = databaseUrl && (env['DATABASE_URL_DIRECT'] || databaseUrl)
  for (const [name, url] of Object.entries({ DATABASE_URL: databaseUrl, DATABASE_URL_DIRECT: directUrl })) {
    if (url !== undefined && !/^postgres(ql)?:\/\/.+\/.+/.test(url))
      throw new Error(`${name} is not of the form postgresql://user:password@host:port/database`)
  }
  // A database of the user's own gets demo data only on request.
  const demo = env['DEMO_DATA'] || (databaseUrl === undefined ? '1' : '0')
  if (!['0', '1'].includes(demo)) throw new Error(`DEMO_DATA is 1 or 0, not ${demo}`)
  const upstreams = env['UPSTREAMS'] || 'simulated'
  if (!['simulated', 'live'].includes(upstreams))
    throw new Error(`UPSTREAMS is simulated or live, not ${upstreams}`)
  const redis = env['REDIS'] || '0'
  if (!['0', '1'].includes(redis)) throw new Error(`REDIS is 1 or 0, not ${redis}`)
  const replicas = Number(env['REPLICAS'] || 0)
  if (![0, 1, 2, 3].includes(replicas)) throw new Error(`REPLICAS is 0 to 3, not ${env['REPLICAS']}`)
  if (replicas > 0 && databaseUrl !== undefined)
    throw new Error(
      'REPLICAS makes standbys of the embedded database only: unset DATABASE_URL, or unset REPLICAS',
    )
  return {
    port,
    databaseUrl,
    directUrl,
    demoData: demo === '1',
    liveUpstreams: upstreams === 'live',
    redis: redis === '1',
    replicas,
    bindings: Object.fromEntries(passedOn.flatMap((name) => (env[name] ? [[name, env[name]]] : []))),
  }
}
