import { jobs } from '../../cron/index.ts'
import { createApp } from '../../functions/app.ts'
import { modules } from '../../functions/modules.ts'

/** The application as worker.ts composes it. */
export const { app, endpoints, webhooks } = createApp({ modules, jobs })
