import type { Reply, UpstreamSession } from '../upstreams/session.ts'
import { type Picture, parsePicture } from './parse-pictures.ts'

/** The picture of one day; null if NASA has none. A range of days is never requested: one bad day fails it as a whole. */
export function fetchPicture(session: UpstreamSession, day: string): Promise<Reply<Picture | null>> {
  return session.callForPart('apod', `/planetary/apod?date=${day}&thumbs=true`, (body) =>
    parsePicture(body, day),
  )
}
