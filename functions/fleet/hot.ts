import type { SQL } from 'drizzle-orm'
import { storing } from '../core/consume.ts'
import { telemetryQueue } from './queue.ts'
import { storeSamples } from './telemetry/store.ts'

/** The statements that the migrations make functions from. Their values do not matter: each value is a parameter. */
export const hotStatements: SQL[] = [storing(telemetryQueue, storeSamples(), [])]
