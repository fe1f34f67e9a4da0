import { mediaTypes } from '../../../schema/space/states.ts'
import {
  dayIn,
  type Fields,
  fieldsOf,
  jsonOf,
  linkIn,
  maybeTextIn,
  oneOf,
  type Parsed,
  parsing,
  textIn,
} from '../upstreams/lenient.ts'

export type Picture = {
  date: string
  title: string
  explanation: string | null
  mediaType: 'image' | 'video' | 'other'
  url: string | null
  hdUrl: string | null
  thumbnailUrl: string | null
  copyright: string | null
  raw: Fields
}

/** The answer is one picture for a day, a list for several days, or a message while none is published yet. */
export function parsePictures(body: string): Parsed<Picture[]> {
  return parsing(() => {
    if (saysNotYet(body)) return []
    const answer = jsonOf(body)
    return (Array.isArray(answer) ? answer : [answer]).map((picture) =>
      pictureOf(fieldsOf(picture, 'a picture')),
    )
  })
}

/** The link of a video may be an embedded player or a page. Only images have an `hdurl`. */
function pictureOf(raw: Fields): Picture {
  return {
    date: dayIn(raw, 'date'),
    title: textIn(raw, 'title'),
    explanation: maybeTextIn(raw, 'explanation'),
    mediaType: oneOf(textIn(raw, 'media_type'), mediaTypes, 'media_type'),
    url: linkIn(raw, 'url'),
    hdUrl: linkIn(raw, 'hdurl'),
    thumbnailUrl: linkIn(raw, 'thumbnail_url'),
    copyright: maybeTextIn(raw, 'copyright')?.replaceAll(/\s+/g, ' ') ?? null,
    raw,
  }
}

/** No picture is published for that day yet. NASA's day is US Eastern, so early in the UTC day it has not begun. */
export function isNoPictureYet({ status, body }: { status: number; body: string }): boolean {
  return status === 404 && saysNotYet(body)
}

function saysNotYet(body: string): boolean {
  return body.includes('No data available for date')
}
