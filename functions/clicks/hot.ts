import type { SQL } from 'drizzle-orm'
import { storing } from '../core/consume.ts'
import { storeClicks } from './clicks/store.ts'
import { clicksQueue } from './queue.ts'

/** The statements that the migrations make functions from. Their values do not matter: each value is a parameter. */
export const hotStatements: SQL[] = [storing(clicksQueue, storeClicks(), [])]
