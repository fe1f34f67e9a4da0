import type { Program } from '../measurement.ts'
import { readersDuringRefresh, skippedRefresh } from './refresh.ts'
import { track } from './track.ts'
import { upsertBesideCopy, upsertBesideSingle, upsertUnchanged } from './upsert.ts'
import { views } from './views.ts'

export const space: Program = {
  'upsert-copy': upsertBesideCopy,
  'upsert-single': upsertBesideSingle,
  'upsert-unchanged': upsertUnchanged,
  views,
  'refresh-skipped': skippedRefresh,
  'refresh-readers': readersDuringRefresh,
  track,
}
