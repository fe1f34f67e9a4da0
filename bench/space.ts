import type { Program } from './run.ts'
import { readersDuringRefresh, skippedRefresh } from './space/refresh.ts'
import { track } from './space/track.ts'
import { upsertBesideCopy, upsertBesideSingle, upsertUnchanged } from './space/upsert.ts'
import { views } from './space/views.ts'

export const space: Program = {
  'upsert-copy': upsertBesideCopy,
  'upsert-single': upsertBesideSingle,
  'upsert-unchanged': upsertUnchanged,
  views,
  'refresh-skipped': skippedRefresh,
  'refresh-readers': readersDuringRefresh,
  track,
}
