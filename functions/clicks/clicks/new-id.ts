import { v7 } from 'uuid'

/** A UUIDv7 of this moment. */
export function newId(now: Date): string {
  return v7({ msecs: now.getTime() })
}
